; Integers of two words: arithmetic, shifts, comparisons, conversions, memory; wider ones move and shift.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
@fmt = private constant [15 x i8] c"%016lx %016lx\0A\00"
@w = global i128 -170141183460469231731687303715884105728
@wide = global i136 -1208925819614629174706176
declare i32 @printf(ptr, ...)
define void @show(i128 %x) {
  %lo = trunc i128 %x to i64
  %h = lshr i128 %x, 64
  %hi = trunc i128 %h to i64
  %r = call i32 (ptr, ...) @printf(ptr @fmt, i64 %hi, i64 %lo)
  ret void
}
define i128 @shift(i128 %x, i32 %n, i1 %left) {
  %c = zext i32 %n to i128
  %a = shl i128 %x, %c
  %b = ashr i128 %x, %c
  %r = select i1 %left, i128 %a, i128 %b
  ret i128 %r
}
define i32 @main() {
  %w = load i128, ptr @w, align 16
; CHECK: 7fffffffffffffff ffffffffffffffff
  %m1 = sub i128 %w, 1
  call void @show(i128 %m1)
; CHECK-NEXT: 0000000000000001 0000000000000000
  %z = zext i64 -1 to i128
  %carry = add i128 %z, 1
  call void @show(i128 %carry)
; CHECK-NEXT: fffffffffffffffe 0000000000000001
  %sq = mul i128 %z, %z
  call void @show(i128 %sq)
; CHECK-NEXT: ffffffffffffffff fffffffffffffff9
  %neg = sext i32 -50 to i128
  %q = sdiv i128 %neg, 7
  call void @show(i128 %q)
; CHECK-NEXT: 0000000000000000 fffffffffffffffe
  %uq = udiv i128 %sq, %carry
  call void @show(i128 %uq)
; CHECK-NEXT: ffffffffffffffff c000000000000000
; CHECK-NEXT: 0000000000000004 0000000000000000
; CHECK-NEXT: ffffffffffffffff fffffffffffffff9
  %s1 = call i128 @shift(i128 %w, i32 65, i1 false)
  call void @show(i128 %s1)
  %s2 = call i128 @shift(i128 %carry, i32 2, i1 true)
  call void @show(i128 %s2)
  %s3 = call i128 @shift(i128 %q, i32 0, i1 true)
  call void @show(i128 %s3)
; CHECK-NEXT: 0000000000000000 0000000000000005
  %c1 = icmp slt i128 %w, 0
  %c2 = icmp ugt i128 %w, %sq
  %c3 = icmp ult i128 %carry, %z
  %c4 = icmp ne i128 %carry, %z
  %b1 = zext i1 %c1 to i128
  %b2 = select i1 %c2, i128 2, i128 0
  %b3 = select i1 %c3, i128 8, i128 0
  %b4 = select i1 %c4, i128 4, i128 0
  %o1 = or i128 %b1, %b2
  %o2 = or i128 %o1, %b3
  %o3 = xor i128 %o2, %b4
  call void @show(i128 %o3)
; CHECK-NEXT: 0000000000000064 0000000000000000
  %f = sitofp i128 %carry to double
  %g = fmul double %f, 100.0
  %h = fptoui double %g to i128
  call void @show(i128 %h)
; CHECK-NEXT: 00000000000000ff ffffffffffff0000
  %big = load i136, ptr @wide
  %big1 = lshr i136 %big, 64
  %big2 = trunc i136 %big1 to i128
  call void @show(i128 %big2)
  ret i32 0
}
