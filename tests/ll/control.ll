; Loops through phis that change places, a switch whose edges carry values, select, blocks that cannot be reached.
; RUN: %hew ll %s
; RUN: %hew ll -O1 %s
; RUN: %hew ll --dump=ir --no-run %s | FileCheck --check-prefix=IR %s
define i32 @fib(i32 %n) {
entry:
  br label %loop
loop:
  %a = phi i32 [ 0, %entry ], [ %b, %loop ]
  %b = phi i32 [ 1, %entry ], [ %sum, %loop ]
  %i = phi i32 [ %n, %entry ], [ %j, %loop ]
  %sum = add nsw i32 %a, %b
  %j = add i32 %i, -1
  %more = icmp ne i32 %j, 0
  br i1 %more, label %loop, label %done, !llvm.loop !0
done:
  ret i32 %b
dead:
  %x = add i32 %b, %x
  br label %dead
}

define i32 @pick(i32 %x) {
  switch i32 %x, label %4 [
    i32 0, label %1
    i32 -7, label %2
    i32 7, label %2
    i32 100, label %3
    i32 2147483647, label %5
  ]
1:
  br label %5
2:
  %s = select i1 true, i32 20, i32 21
  br label %5
3:
  unreachable
4:
  ret i32 -1
5:
  %r = phi i32 [ 10, %1 ], [ %s, %2 ], [ 30, %0 ]
  ret i32 %r
}

; IR: func @main
define i32 @main() {
  %f = call i32 @fib(i32 10)
  %p0 = call i32 @pick(i32 0)
  %p1 = call i32 @pick(i32 -7)
  %p2 = call i32 @pick(i32 2147483647)
  %p3 = call i32 @pick(i32 5)
  %s0 = add i32 %p0, %p1
  %s1 = add i32 %s0, %p2
  %s2 = add i32 %s1, %p3
  %ok = icmp eq i32 %s2, 59
  %f55 = sub i32 %f, 55
  %r = select i1 %ok, i32 %f55, i32 1
  ret i32 %r
}
!0 = distinct !{!0}
