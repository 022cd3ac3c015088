; The functions of LLVM itself: counting, reversing and rotating bits at several widths, floating ones, hints.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
@fmt = private constant [16 x i8] c"%lx %lx %lx %d\0A\00"
@g = private constant [16 x i8] c"%g %g %g %g %g\0A\00"
declare i32 @printf(ptr, ...)
define void @i16(i16 %x, i16 %y) {
  %a = call i16 @llvm.bswap.i16(i16 %x)
  %b = call i16 @llvm.bitreverse.i16(i16 %x)
  %c = call i16 @llvm.fshl.i16(i16 %x, i16 %y, i16 20)
  %d = call i16 @llvm.ctlz.i16(i16 %x, i1 false)
  %e = call i16 @llvm.cttz.i16(i16 0, i1 false)
  %de = add i16 %d, %e
  %a1 = zext i16 %a to i64
  %b1 = zext i16 %b to i64
  %c1 = zext i16 %c to i64
  %d1 = zext i16 %de to i32
  %r = call i32 (ptr, ...) @printf(ptr @fmt, i64 %a1, i64 %b1, i64 %c1, i32 %d1)
  ret void
}
define void @i64(i64 %x, i64 %y, i64 %n) {
  %a = call i64 @llvm.bswap.i64(i64 %x)
  %b = call i64 @llvm.bitreverse.i64(i64 %x)
  %c = call i64 @llvm.fshr.i64(i64 %x, i64 %y, i64 %n)
  %d = call i64 @llvm.ctpop.i64(i64 %x)
  %e = call i64 @llvm.cttz.i64(i64 %x, i1 true)
  %f = call i64 @llvm.ctlz.i64(i64 0, i1 false)
  %de = shl i64 %d, 8
  %ef = or i64 %de, %e
  %efg = shl i64 %ef, 8
  %all = or i64 %efg, %f
  %d1 = trunc i64 %all to i32
  %r = call i32 (ptr, ...) @printf(ptr @fmt, i64 %a, i64 %b, i64 %c, i32 %d1)
  ret void
}
define void @small(i8 %x, i8 %y) {
  %a = call i8 @llvm.abs.i8(i8 %x, i1 false)
  %b = call i8 @llvm.smin.i8(i8 %x, i8 %y)
  %c = call i8 @llvm.umin.i8(i8 %x, i8 %y)
  %h = call i8 @llvm.expect.i8(i8 %c, i8 0)
  %a1 = zext i8 %a to i64
  %b1 = zext i8 %b to i64
  %c1 = zext i8 %h to i64
  %r = call i32 (ptr, ...) @printf(ptr @fmt, i64 %a1, i64 %b1, i64 %c1, i32 0)
  ret void
}
define i1 @class(double %x) {
  %r = call i1 @llvm.is.fpclass.f64(double %x, i32 264)
  ret i1 %r
}
define i32 @main() {
; CHECK: 3412 2c48 2345 19
  call void @i16(i16 4660, i16 22136)
; CHECK-NEXT: f0debc9a78563412 f7b3d591e6a2c48 123456789abcdef 2098240
  call void @i64(i64 1311768467463790320, i64 1311768467463790320, i64 4)
; CHECK-NEXT: 80 80 7 0
  call void @small(i8 -128, i8 7)
; CHECK-NEXT: -2 2 1.5 -3 7
  %x = fadd double 0.0, -1.5
  %fl = call double @llvm.floor.f64(double %x)
  %sq = call double @llvm.sqrt.f64(double 4.0)
  %ab = call double @llvm.fabs.f64(double %x)
  %cp = call double @llvm.copysign.f64(double 3.0, double %x)
  %fm = call double @llvm.fmuladd.f64(double 2.0, double 3.0, double 1.0)
  %r = call i32 (ptr, ...) @printf(ptr @g, double %fl, double %sq, double %ab, double %cp, double %fm)
; CHECK-NEXT: 8 2 -2 0 1
  %pw = call double @llvm.pow.f64(double 2.0, double 3.0)
  %mx = call double @llvm.maxnum.f64(double 2.0, double 0x7FF8000000000000)
  %ri = call double @llvm.rint.f64(double -1.5)
  %k0 = call i1 @class(double 0.0)
  %k1 = call i1 @class(double -2.5)
  %z0 = uitofp i1 %k0 to double
  %z1 = uitofp i1 %k1 to double
  %r2 = call i32 (ptr, ...) @printf(ptr @g, double %pw, double %mx, double %ri, double %z0, double %z1)
  call void @llvm.assume(i1 true) [ "align"(ptr @g, i64 1) ]
  %os = call i64 @llvm.objectsize.i64.p0(ptr @g, i1 false, i1 true, i1 false)
  %ic = call i1 @llvm.is.constant.i64(i64 %os)
  %rc = zext i1 %ic to i32
  ret i32 %rc
}
declare i16 @llvm.bswap.i16(i16)
declare i16 @llvm.bitreverse.i16(i16)
declare i16 @llvm.fshl.i16(i16, i16, i16)
declare i16 @llvm.ctlz.i16(i16, i1 immarg)
declare i16 @llvm.cttz.i16(i16, i1 immarg)
declare i64 @llvm.bswap.i64(i64)
declare i64 @llvm.bitreverse.i64(i64)
declare i64 @llvm.fshr.i64(i64, i64, i64)
declare i64 @llvm.ctpop.i64(i64)
declare i64 @llvm.cttz.i64(i64, i1)
declare i64 @llvm.ctlz.i64(i64, i1)
declare i8 @llvm.abs.i8(i8, i1)
declare i8 @llvm.smin.i8(i8, i8)
declare i8 @llvm.umin.i8(i8, i8)
declare i8 @llvm.expect.i8(i8, i8)
declare i1 @llvm.is.fpclass.f64(double, i32)
declare double @llvm.floor.f64(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.fabs.f64(double)
declare double @llvm.copysign.f64(double, double)
declare double @llvm.fmuladd.f64(double, double, double)
declare double @llvm.pow.f64(double, double)
declare double @llvm.maxnum.f64(double, double)
declare double @llvm.rint.f64(double)
declare void @llvm.assume(i1)
declare i64 @llvm.objectsize.i64.p0(ptr, i1, i1, i1)
declare i1 @llvm.is.constant.i64(i64)
