; Variables that hold addresses of others, of functions and of themselves; aliases; names outside; constructors.
; RUN: %hew ll %s one two | FileCheck %s
; RUN: %hew ll -O1 %s one two | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
%node = type { ptr, i32 }
%mixed = type { i8, i16, %node, [2 x float], double }
$pick = comdat any

@a = global %node { ptr @b, i32 1 }, align 8
@b = internal global %node { ptr @a, i32 2 }, align 8
@table = constant [3 x ptr] [ptr @one, ptr @two, ptr getelementptr inbounds (i8, ptr @one, i64 0)]
@third = global ptr getelementptr inbounds ([4 x i32], ptr @numbers, i64 0, i64 2)
@numbers = private unnamed_addr constant [4 x i32] [i32 5, i32 6, i32 -7, i32 8]
@number = global i64 add (i64 ptrtoint (ptr @numbers to i64), i64 4)
@away = global i32 trunc (i64 sub (i64 ptrtoint (ptr @numbers to i64), i64 ptrtoint (ptr @third to i64)) to i32)
@m = global %mixed { i8 -1, i16 300, %node { ptr null, i32 undef }, [2 x float] [float 1.5, float 0x3FB99999A0000000], double 0x4009000000000000 }
@packed = global <{ i8, i32 }> <{ i8 1, i32 67305985 }>, align 1
@text = linkonce_odr dso_local constant [6 x i8] c"h\C3\A9\\!\00", comdat($pick)
@zero = common global [1000 x i64] zeroinitializer, align 16
@self = thread_local global ptr @self
@"a b" = alias i32, getelementptr inbounds (%node, ptr @a, i32 0, i32 1)
@stdout = external global ptr
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @first, ptr null }]
@fmt = private constant [10 x i8] c"%d %d %s\0A\00"
@fmt2 = private constant [16 x i8] c"%g %g %g %x %d\0A\00"
@started = internal global i32 0

declare i32 @printf(ptr nocapture noundef readonly, ...) local_unnamed_addr #0
declare i32 @fprintf(ptr, ptr, ...)

define internal void @first() {
  store i32 11, ptr @started
  ret void
}
define i32 @one(i32 %x) {
  %r = add i32 %x, 1
  ret i32 %r
}
define hidden i32 @two(i32 noundef %x) unnamed_addr #0 align 16 {
  %r = mul i32 %x, 2
  ret i32 %r
}

define i32 @main(i32 %argc, ptr %argv) {
; CHECK: 2 1 hé\!
  %p = load ptr, ptr @a, !tbaa !1
  %v = getelementptr inbounds %node, ptr %p, i32 0, i32 1
  %x = load i32, ptr %v, align 8
  %q = load i32, ptr @"a b"
  %r0 = call i32 (ptr, ...) @printf(ptr @fmt, i32 %x, i32 %q, ptr @text)
; CHECK: 1.5 0.1 3.125 4030201 300
  %f0 = load float, ptr getelementptr inbounds (%mixed, ptr @m, i32 0, i32 3, i64 0)
  %f1 = load float, ptr getelementptr inbounds (%mixed, ptr @m, i32 0, i32 3, i64 1)
  %d = load double, ptr getelementptr inbounds (%mixed, ptr @m, i32 0, i32 4)
  %d0 = fpext float %f0 to double
  %d1 = fpext float %f1 to double
  %pk = load i32, ptr getelementptr inbounds (<{ i8, i32 }>, ptr @packed, i32 0, i32 1), align 1
  %h = load i16, ptr getelementptr inbounds (%mixed, ptr @m, i32 0, i32 1)
  %hx = sext i16 %h to i32
  %r1 = call i32 (ptr, ...) @printf(ptr @fmt2, double %d0, double %d1, double %d, i32 %pk, i32 %hx)
; CHECK: 22 -7 one
  %t1 = getelementptr inbounds [3 x ptr], ptr @table, i64 0, i64 1
  %fn = load ptr, ptr %t1
  %st = load i32, ptr @started
  %y = call i32 %fn(i32 %st)
  %third = load ptr, ptr @third
  %w = load i32, ptr %third
  %argp = getelementptr inbounds ptr, ptr %argv, i64 1
  %arg = load ptr, ptr %argp
  %out = load ptr, ptr @stdout
  %r2 = call i32 (ptr, ptr, ...) @fprintf(ptr %out, ptr @fmt, i32 %y, i32 %w, ptr %arg)
; CHECK: 6 1 two
  %n = load i64, ptr @number
  %np = inttoptr i64 %n to ptr
  %n6 = load i32, ptr %np
  %self = load ptr, ptr @self
  %same = icmp eq ptr %self, @self
  %one = zext i1 %same to i32
  %argp2 = getelementptr inbounds ptr, ptr %argv, i64 2
  %arg2 = load ptr, ptr %argp2
  %r3 = call i32 (ptr, ...) @printf(ptr @fmt, i32 %n6, i32 %one, ptr %arg2)
; CHECK: 7 3 -
  %off = load i32, ptr @away
  %off64 = sext i32 %off to i64
  %base = getelementptr i8, ptr @third, i64 %off64
  %isn = icmp eq ptr %base, @numbers
  %seven = select i1 %isn, i32 7, i32 0
  %r4 = call i32 (ptr, ...) @printf(ptr @fmt, i32 %seven, i32 %argc, ptr @dash)
  ret i32 0
}
@dash = private constant [2 x i8] c"-\00"
attributes #0 = { nounwind "frame-pointer"="all" }
!llvm.module.flags = !{!0}
!0 = !{i32 1, !"wchar_size", i32 4}
!1 = !{!2, !2, i64 0}
!2 = !{!"any pointer", !0, i64 0}
