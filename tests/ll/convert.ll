; Between integers and floating numbers, and comparisons of those with NaN.
; RUN: %hew ll %s | FileCheck %s
; RUN: %hew ll -O1 %s | FileCheck %s
@f1 = private constant [9 x i8] c"%a %.9a\0A\00"
@f2 = private constant [9 x i8] c"%lu %lu\0A\00"
@f3 = private constant [4 x i8] c"%d \00"
declare i32 @printf(ptr, ...)
declare i32 @putchar(i32)

define void @from(i64 %x) {
  %d = uitofp i64 %x to double
  %f = uitofp i64 %x to float
  %fd = fpext float %f to double
  %r = call i32 (ptr, ...) @printf(ptr @f1, double %d, double %fd)
  ret void
}
define void @to(double %d) {
  %x = fptoui double %d to i64
  %f = fptrunc double %d to float
  %y = fptoui float %f to i64
  %r = call i32 (ptr, ...) @printf(ptr @f2, i64 %x, i64 %y)
  ret void
}
define void @compare(double %a, double %b) {
  %oeq = fcmp oeq double %a, %b
  %une = fcmp une double %a, %b
  %olt = fcmp nsz arcp olt double %a, %b
  %ult = fcmp ult double %a, %b
  %oge = fcmp oge double %a, %b
  %uge = fcmp uge double %a, %b
  %ord = fcmp ord double %a, %b
  %uno = fcmp uno double %a, %b
  %one = fcmp one double %a, %b
  %ueq = fcmp ueq double %a, %b
  %v0 = insertelement <10 x i1> undef, i1 %oeq, i32 0
  %v1 = insertelement <10 x i1> %v0, i1 %une, i32 1
  %v2 = insertelement <10 x i1> %v1, i1 %olt, i32 2
  %v3 = insertelement <10 x i1> %v2, i1 %ult, i32 3
  %v4 = insertelement <10 x i1> %v3, i1 %oge, i32 4
  %v5 = insertelement <10 x i1> %v4, i1 %uge, i32 5
  %v6 = insertelement <10 x i1> %v5, i1 %ord, i32 6
  %v7 = insertelement <10 x i1> %v6, i1 %uno, i32 7
  %v8 = insertelement <10 x i1> %v7, i1 %one, i32 8
  %v9 = insertelement <10 x i1> %v8, i1 %ueq, i32 9
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %j, %loop ]
  %e = extractelement <10 x i1> %v9, i32 %i
  %c = select i1 %e, i32 49, i32 48
  %n = call i32 @putchar(i32 %c)
  %j = add i32 %i, 1
  %more = icmp ult i32 %j, 10
  br i1 %more, label %loop, label %done
done:
  %nl = call i32 @putchar(i32 10)
  ret void
}
define i32 @main() {
; CHECK: 0x1p+64 0x1.000000000p+64
; CHECK-NEXT: 0x1.0000000000001p+63 0x1.000000000p+63
; CHECK-NEXT: 0x1p+63 0x1.000000000p+63
; CHECK-NEXT: 0x1.000001p+63 0x1.000002000p+63
; CHECK-NEXT: 0x1.4p+3 0x1.400000000p+3
  call void @from(i64 -1)
  call void @from(i64 -9223372036854774783)
  call void @from(i64 -9223372036854774784)
  call void @from(i64 -9223371487098961919)
  call void @from(i64 10)
; CHECK-NEXT: 9223372036854775808 9223372036854775808
; CHECK-NEXT: 13835058055282163712 13835058055282163712
; CHECK-NEXT: 4 4
  call void @to(double 0x43E0000000000000)
  call void @to(double 0x43E8000000000000)
  call void @to(double 4.75)
; CHECK-NEXT: 1000111001
; CHECK-NEXT: 0111001010
; CHECK-NEXT: 0101010101
  call void @compare(double 1.0, double 1.0)
  call void @compare(double 1.0, double 2.0)
  call void @compare(double 1.0, double 0x7FF8000000000000)
; CHECK-NEXT: 250 4294967291 -5 -5 3.25
  %a = fptosi double -5.9 to i8
  %b = fptoui float 250.5 to i8
  %ax = sext i8 %a to i32
  %bx = zext i8 %b to i32
  %c = uitofp i8 %b to float
  %cc = fadd float %c, 0.0
  %m5 = sitofp i8 %a to double
  %m5f = fptosi double %m5 to i32
  %m5z = zext i32 %m5f to i64
  %rem = frem double 13.25, 5.0
  %r = call i32 (ptr, ...) @printf(ptr @f4, i32 %bx, i64 %m5z, i32 %ax, i32 %m5f, double %rem)
  ret i32 0
}
@f4 = private constant [19 x i8] c"%d %ld %d %d %.2f\0A\00"
