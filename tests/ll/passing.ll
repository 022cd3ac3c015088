; Structs: by value in memory, through sret, in two registers of every mixture, as <2 x float>, as first-class values.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
%big = type { [10 x i64] }
%qr = type { i32, i32 }
@fmt = private constant [13 x i8] c"%ld %ld %ld\0A\00"
@fmtg = private constant [10 x i8] c"%g %g %g\0A\00"
declare i32 @printf(ptr, ...)
declare i64 @div(i32, i32)
declare { i64, i64 } @ldiv(i64, i64)

define void @change(ptr noalias sret(%big) align 8 %out, ptr noundef byval(%big) align 8 %in, i32 %k) {
  %i = sext i32 %k to i64
  %p = getelementptr inbounds %big, ptr %in, i64 0, i32 0, i64 %i
  %x = load i64, ptr %p
  %y = add i64 %x, 100
  store i64 %y, ptr %p
  call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr %in, i64 80, i1 false)
  ret void
}
define { i64, i64 } @swap(i64 %a, i64 %b) {
  %r0 = insertvalue { i64, i64 } undef, i64 %b, 0
  %r1 = insertvalue { i64, i64 } %r0, i64 %a, 1
  ret { i64, i64 } %r1
}
define { double, i64 } @di(double %a, i64 %b) {
  %r0 = insertvalue { double, i64 } poison, double %a, 0
  %r1 = insertvalue { double, i64 } %r0, i64 %b, 1
  ret { double, i64 } %r1
}
define { i64, double } @id(double %a, i64 %b) {
  %r0 = insertvalue { i64, double } poison, i64 %b, 0
  %r1 = insertvalue { i64, double } %r0, double %a, 1
  ret { i64, double } %r1
}
define <2 x float> @sum(<2 x float> %a, <2 x float> %b) {
  %r = fadd <2 x float> %a, %b
  ret <2 x float> %r
}
define { <2 x float>, float } @three(float %a, <2 x float> %b) {
  %r0 = insertvalue { <2 x float>, float } undef, <2 x float> %b, 0
  %r1 = insertvalue { <2 x float>, float } %r0, float %a, 1
  ret { <2 x float>, float } %r1
}

define i32 @main() {
; CHECK: 103 3 0
  %a = alloca %big, align 8
  %b = alloca %big, align 8
  call void @llvm.memset.p0.i64(ptr %a, i8 0, i64 80, i1 false)
  %a4 = getelementptr inbounds %big, ptr %a, i64 0, i32 0, i64 4
  store i64 3, ptr %a4
  call void @change(ptr sret(%big) %b, ptr byval(%big) align 8 %a, i32 4)
  %b4 = getelementptr inbounds %big, ptr %b, i64 0, i32 0, i64 4
  %x = load i64, ptr %b4
  %y = load i64, ptr %a4
  %r0 = call i32 (ptr, ...) @printf(ptr @fmt, i64 %x, i64 %y, i64 0)
; CHECK-NEXT: 2 1 3
  %s = call { i64, i64 } @swap(i64 1, i64 2)
  %s0 = extractvalue { i64, i64 } %s, 0
  %s1 = extractvalue { i64, i64 } %s, 1
  %l = call { i64, i64 } @ldiv(i64 17, i64 7)
  %l1 = extractvalue { i64, i64 } %l, 1
  %r1 = call i32 (ptr, ...) @printf(ptr @fmt, i64 %s0, i64 %s1, i64 %l1)
; CHECK-NEXT: 1.5 2.5 4
  %d = call { double, i64 } @di(double 1.5, i64 4)
  %d0 = extractvalue { double, i64 } %d, 0
  %e = call { i64, double } @id(double 2.5, i64 4)
  %e0 = extractvalue { i64, double } %e, 0
  %e1 = extractvalue { i64, double } %e, 1
  %e0d = sitofp i64 %e0 to double
  %r2 = call i32 (ptr, ...) @printf(ptr @fmtg, double %d0, double %e1, double %e0d)
; CHECK-NEXT: 11 22 11.5
  %v0 = insertelement <2 x float> undef, float 1.0, i32 0
  %v1 = insertelement <2 x float> %v0, float 2.0, i64 1
  %v = call <2 x float> @sum(<2 x float> %v1, <2 x float> <float 10.0, float 20.0>)
  %t = call { <2 x float>, float } @three(float 11.5, <2 x float> %v)
  %tv = extractvalue { <2 x float>, float } %t, 0
  %tf = extractvalue { <2 x float>, float } %t, 1
  %f0 = extractelement <2 x float> %tv, i32 0
  %f1 = extractelement <2 x float> %tv, i32 1
  %g0 = fpext float %f0 to double
  %g1 = fpext float %f1 to double
  %g2 = fpext float %tf to double
  %r3 = call i32 (ptr, ...) @printf(ptr @fmtg, double %g0, double %g1, double %g2)
  ret i32 0
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
