; The number of a piece of metadata does not say how much memory it takes. (ASan reserves more than the limit by itself.)
; UNSUPPORTED: asan
; RUN: sh -c 'ulimit -v 1000000; exec "$@"' sh %hew ll %s
define i32 @main() {
  ret i32 0
}
!500000000 = !{!"far away"}
