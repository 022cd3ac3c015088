; Arithmetic that says whether it overflowed, and arithmetic that stays at the end, for narrow, whole and odd widths.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
@fmt = private constant [8 x i8] c"%ld %d\0A\00"
declare i32 @printf(ptr, ...)
define void @show(i64 %x, i1 %o) {
  %b = zext i1 %o to i32
  %r = call i32 (ptr, ...) @printf(ptr @fmt, i64 %x, i32 %b)
  ret void
}
define void @at8(i8 %a, i8 %b) {
  %s = call { i8, i1 } @llvm.sadd.with.overflow.i8(i8 %a, i8 %b)
  %sv = extractvalue { i8, i1 } %s, 0
  %so = extractvalue { i8, i1 } %s, 1
  %sx = sext i8 %sv to i64
  call void @show(i64 %sx, i1 %so)
  %u = call { i8, i1 } @llvm.usub.with.overflow.i8(i8 %a, i8 %b)
  %uv = extractvalue { i8, i1 } %u, 0
  %uo = extractvalue { i8, i1 } %u, 1
  %ux = zext i8 %uv to i64
  call void @show(i64 %ux, i1 %uo)
  %m = call { i8, i1 } @llvm.smul.with.overflow.i8(i8 %a, i8 %b)
  %mv = extractvalue { i8, i1 } %m, 0
  %mo = extractvalue { i8, i1 } %m, 1
  %mx = sext i8 %mv to i64
  call void @show(i64 %mx, i1 %mo)
  %x = call i8 @llvm.sadd.sat.i8(i8 %a, i8 %b)
  %y = call i8 @llvm.usub.sat.i8(i8 %a, i8 %b)
  %xx = sext i8 %x to i64
  %yy = zext i8 %y to i64
  call void @show(i64 %xx, i1 0)
  call void @show(i64 %yy, i1 0)
  ret void
}
define void @at64(i64 %a, i64 %b) {
  %s = call { i64, i1 } @llvm.ssub.with.overflow.i64(i64 %a, i64 %b)
  %sv = extractvalue { i64, i1 } %s, 0
  %so = extractvalue { i64, i1 } %s, 1
  call void @show(i64 %sv, i1 %so)
  %u = call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %a, i64 %b)
  %uv = extractvalue { i64, i1 } %u, 0
  %uo = extractvalue { i64, i1 } %u, 1
  call void @show(i64 %uv, i1 %uo)
  %m = call { i64, i1 } @llvm.smul.with.overflow.i64(i64 %a, i64 %b)
  %mv = extractvalue { i64, i1 } %m, 0
  %mo = extractvalue { i64, i1 } %m, 1
  call void @show(i64 %mv, i1 %mo)
  %x = call i64 @llvm.ssub.sat.i64(i64 %a, i64 %b)
  call void @show(i64 %x, i1 0)
  %y = call i64 @llvm.uadd.sat.i64(i64 %a, i64 %b)
  call void @show(i64 %y, i1 0)
  ret void
}
define void @at32(i32 %a, i32 %b, i33 %c) {
  %m = call { i32, i1 } @llvm.umul.with.overflow.i32(i32 %a, i32 %b)
  %mv = extractvalue { i32, i1 } %m, 0
  %mo = extractvalue { i32, i1 } %m, 1
  %mx = zext i32 %mv to i64
  call void @show(i64 %mx, i1 %mo)
  %s = call { i33, i1 } @llvm.sadd.with.overflow.i33(i33 %c, i33 %c)
  %sv = extractvalue { i33, i1 } %s, 0
  %so = extractvalue { i33, i1 } %s, 1
  %sx = sext i33 %sv to i64
  call void @show(i64 %sx, i1 %so)
  ret void
}
define i32 @main() {
; CHECK: 56 0
; CHECK-NEXT: 212 1
; CHECK-NEXT: 44 1
; CHECK-NEXT: 56 0
; CHECK-NEXT: 0 0
  call void @at8(i8 6, i8 50)
; CHECK-NEXT: 56 1
; CHECK-NEXT: 0 0
; CHECK-NEXT: 16 1
; CHECK-NEXT: -128 0
; CHECK-NEXT: 0 0
  call void @at8(i8 156, i8 156)
; CHECK-NEXT: 9223372036854775807 1
; CHECK-NEXT: -9223372036854775808 0
; CHECK-NEXT: -9223372036854775808 0
; CHECK-NEXT: -9223372036854775808 0
; CHECK-NEXT: -9223372036854775807 0
  call void @at64(i64 -9223372036854775808, i64 1)
; CHECK-NEXT: -2 0
; CHECK-NEXT: 3 1
; CHECK-NEXT: 3 0
; CHECK-NEXT: -2 0
; CHECK-NEXT: -1 0
  call void @at64(i64 -3, i64 -1)
; CHECK-NEXT: 4294967295 0
; CHECK-NEXT: 0 1
  call void @at32(i32 65537, i32 65535, i33 -4294967296)
  ret i32 0
}
declare { i8, i1 } @llvm.sadd.with.overflow.i8(i8, i8)
declare { i8, i1 } @llvm.usub.with.overflow.i8(i8, i8)
declare { i8, i1 } @llvm.smul.with.overflow.i8(i8, i8)
declare { i64, i1 } @llvm.ssub.with.overflow.i64(i64, i64)
declare { i64, i1 } @llvm.umul.with.overflow.i64(i64, i64)
declare { i64, i1 } @llvm.smul.with.overflow.i64(i64, i64)
declare { i32, i1 } @llvm.umul.with.overflow.i32(i32, i32)
declare { i33, i1 } @llvm.sadd.with.overflow.i33(i33, i33)
declare i8 @llvm.sadd.sat.i8(i8, i8)
declare i8 @llvm.usub.sat.i8(i8, i8)
declare i64 @llvm.ssub.sat.i64(i64, i64)
declare i64 @llvm.uadd.sat.i64(i64, i64)
