; Integers of odd widths: the bits above them are never seen.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
@fmt = private constant [10 x i8] c"%lld %llu\00"
@i24 = global [4 x i8] c"\FE\FF\FFM"
@i33 = global i33 -3
declare i32 @printf(ptr, ...)

define void @show(i64 %s, i64 %u) {
  %r = call i32 (ptr, ...) @printf(ptr @fmt, i64 %s, i64 %u)
  %n = call i32 @putchar(i32 10)
  ret void
}
declare i32 @putchar(i32)

define void @i7(i7 %a, i7 %b) {
  %sum = add i7 %a, %b
  %s = sext i7 %sum to i64
  %u = zext i7 %sum to i64
  call void @show(i64 %s, i64 %u)
  %q = sdiv i7 %sum, 3
  %qs = sext i7 %q to i64
  %p = udiv i7 %sum, 3
  %pu = zext i7 %p to i64
  call void @show(i64 %qs, i64 %pu)
  %h = shl i7 %sum, 2
  %h1 = ashr i7 %h, 1
  %h2 = lshr i7 %h, 1
  %h1s = sext i7 %h1 to i64
  %h2u = zext i7 %h2 to i64
  call void @show(i64 %h1s, i64 %h2u)
  %lt = icmp slt i7 %sum, 0
  %ult = icmp ult i7 %sum, 64
  %ltx = zext i1 %lt to i64
  %ultx = sext i1 %ult to i64
  call void @show(i64 %ltx, i64 %ultx)
  ret void
}

define void @memory() {
  %v = load i24, ptr @i24
  %m = mul i24 %v, 5
  store i24 %m, ptr @i24, align 1
  %w = load i24, ptr @i24
  %s = sext i24 %w to i64
  %next = getelementptr i8, ptr @i24, i64 3
  %kept = load i8, ptr %next
  %u = zext i8 %kept to i64
  call void @show(i64 %s, i64 %u)
  %a = load i33, ptr @i33
  %b = sub i33 %a, 4294967295
  store i33 %b, ptr @i33
  %c = load i33, ptr @i33
  %cs = sext i33 %c to i64
  %cu = zext i33 %c to i64
  call void @show(i64 %cs, i64 %cu)
  ret void
}

define i32 @main() {
; CHECK: -29 99
; CHECK-NEXT: -9 33
; CHECK-NEXT: 6 6
; CHECK-NEXT: 1 0
  call void @i7(i7 50, i7 49)
; CHECK-NEXT: -10 77
; CHECK-NEXT: 4294967294 4294967294
  call void @memory()
  ret i32 0
}
