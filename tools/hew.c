/* SPDX-License-Identifier: MIT
 * hew.c - the `hew` command: finds the subcommand and hands it the rest of the line.
 *
 * The commands are rows of commands.def. Exit status 2 means the command line itself was wrong or the help could not be
 * printed; every other status is the subcommand's own.
 */
#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

enum { EXIT_USAGE = 2 };

#define COMMAND(name, run, synopsis, meaning) int run(int argc, char **argv);
#include "commands.def"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis, *meaning;
} commands[] = {
#define COMMAND(name, run, synopsis, meaning) { #name, run, synopsis, meaning },
#include "commands.def"
};

static int help(void)
{
	printf("usage: hew COMMAND [arguments]\n\ncommands:\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		printf("  hew %s %s\n        %s\n", commands[i].name, commands[i].synopsis, commands[i].meaning);
	printf("\noptions:\n"
		"  hew -h, --help       print this text\n"
		"  hew -V, --version    print the version\n"
		"\n`hew COMMAND --help` tells more about one command; so does `man hew-COMMAND`.\n");
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_USAGE;
}

static int usage_error(const char *what, const char *word)
{
	fprintf(stderr, "hew: %s%s%s%s\n", what, word ? " '" : "", word ? word : "", word ? "'" : "");
	fprintf(stderr, "commands:");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		fprintf(stderr, " %s", commands[i].name);
	fprintf(stderr, "; `hew --help` tells more\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage_error("a command is missing", NULL);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
		return help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("hew %s\n", HEW_VERSION);
		return 0;
	}
	if (argv[1][0] == '-')
		return usage_error("unknown option", argv[1]);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return usage_error("unknown command", argv[1]);
}
