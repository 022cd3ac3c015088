; Variable argument lists both ways: registers, then the stack; floats apart; a copy of the list; a struct among them.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
%va = type { i32, i32, ptr, ptr }
%big = type { i64, i64, i64 }
@fmt = private constant [30 x i8] c"%d %s %g %ld %c %g %d %g %d %d"
@nl = private constant [2 x i8] c"\0A\00"
@s = private constant [3 x i8] c"in\00"
declare i32 @printf(ptr, ...)
declare i32 @vprintf(ptr, ptr)
declare void @llvm.va_start.p0(ptr)
declare void @llvm.va_end.p0(ptr)
declare void @llvm.va_copy.p0(ptr, ptr)

define void @say(ptr %fmt, ...) {
  %ap = alloca [1 x %va], align 16
  %bp = alloca [1 x %va], align 16
  call void @llvm.va_start.p0(ptr %ap)
  call void @llvm.va_copy.p0(ptr %bp, ptr %ap)
  %r = call i32 @vprintf(ptr %fmt, ptr %ap)
  %n = call i32 (ptr, ...) @printf(ptr @nl)
  %r2 = call i32 @vprintf(ptr %fmt, ptr %bp)
  %n2 = call i32 (ptr, ...) @printf(ptr @nl)
  call void @llvm.va_end.p0(ptr %ap)
  ret void
}

; seven named integers: the seventh is on the stack, and so is the variable part
define i64 @after(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g, ...) {
  %ap = alloca [1 x %va], align 16
  call void @llvm.va_start(ptr %ap)
  %areap = getelementptr inbounds %va, ptr %ap, i32 0, i32 2
  %area = load ptr, ptr %areap
  %x = load i64, ptr %area
  %second = getelementptr i64, ptr %area, i64 1
  %y = load i64, ptr %second
  %m = mul i64 %x, 1000
  %s = add i64 %m, %y
  %s2 = add i64 %s, %g
  ret i64 %s2
}
declare void @llvm.va_start(ptr)

; the bytes of a struct among the variable part are on the stack, whatever registers are left
define i64 @struct_in(i32 %n, ...) {
  %ap = alloca [1 x %va], align 16
  call void @llvm.va_start.p0(ptr %ap)
  %areap = getelementptr inbounds %va, ptr %ap, i32 0, i32 2
  %area = load ptr, ptr %areap
  %third = getelementptr inbounds %big, ptr %area, i32 0, i32 2
  %x = load i64, ptr %third
  %regsp = getelementptr inbounds %va, ptr %ap, i32 0, i32 3
  %regs = load ptr, ptr %regsp
  %gpp = getelementptr inbounds %va, ptr %ap, i32 0, i32 0
  %gp = load i32, ptr %gpp
  %at = getelementptr i8, ptr %regs, i32 %gp
  %y = load i32, ptr %at
  %yx = sext i32 %y to i64
  %r = sub i64 %x, %yx
  ret i64 %r
}

define i32 @main() {
; CHECK: 1 in 2.5 -3 x 4.5 5 6.5 7 8
; CHECK-NEXT: 1 in 2.5 -3 x 4.5 5 6.5 7 8
  %f = alloca [31 x i8]
  call void @llvm.memcpy.p0.p0.i64(ptr %f, ptr @fmt, i64 30, i1 false)
  %z = getelementptr i8, ptr %f, i64 30
  store i8 0, ptr %z
  call void (ptr, ...) @say(ptr %f, i32 1, ptr @s, double 2.5, i64 -3, i32 120, double 4.5, i32 5, double 6.5, i32 7, i32 8)
; CHECK-NEXT: 8017 5
  %r = call i64 (i64, i64, i64, i64, i64, i64, i64, ...) @after(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 8, i64 8, i64 9)
  %b = alloca %big
  %b2 = getelementptr inbounds %big, ptr %b, i32 0, i32 2
  store i64 25, ptr %b2
  %t = call i64 (i32, ...) @struct_in(i32 1, ptr byval(%big) align 8 %b, i32 20)
  %n = call i32 (ptr, ...) @printf(ptr @two, i64 %r, i64 %t)
  ret i32 0
}
@two = private constant [9 x i8] c"%ld %ld\0A\00"
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
