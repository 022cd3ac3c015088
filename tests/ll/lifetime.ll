; A variable whose life begins anew in every turn does not keep its value for the next: no argument of the loop stands for it.
; RUN: %hew ll --no-run --dump=ir %s | FileCheck %s
; RUN: %hew ll %s
declare void @llvm.lifetime.start.p0(i64, ptr)
declare void @llvm.lifetime.end.p0(i64, ptr)
define i32 @main(i32 %argc, ptr %argv) {
  %v = alloca i32
  %n = alloca i32
  store i32 0, ptr %n
  br label %loop
loop:
  call void @llvm.lifetime.start.p0(i64 4, ptr %v)
  %x = load i32, ptr %n
  %odd = and i32 %x, 1
  %c = icmp ne i32 %odd, 0
  br i1 %c, label %set, label %use
set:
  store i32 %x, ptr %v
  br label %use
use:
  %y = load i32, ptr %v
  %z = and i32 %y, %odd
  %w = add i32 %x, 1
  %u = add i32 %w, %z
  store i32 %u, ptr %n
  call void @llvm.lifetime.end.p0(i64 4, ptr %v)
  %more = icmp slt i32 %u, 100
  br i1 %more, label %loop, label %out
out:
  ret i32 0
}
; CHECK: func @main
; CHECK: b1(%{{[0-9]+}}: i32):
