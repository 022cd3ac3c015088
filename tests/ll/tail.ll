; Calls marked tail or musttail, whose result is returned, need no stack: two functions that call each other a hundred million times, at -O2,
; too, where neither becomes a part of the other. A call that is only marked, but not last, is a call.
; RUN: %hew ll %s
; RUN: %hew ll -O1 %s
define i64 @even(i64 %n, i64 %s) {
  %z = icmp eq i64 %n, 0
  br i1 %z, label %yes, label %no
yes:
  ret i64 %s
no:
  %m = sub i64 %n, 1
  %t = add i64 %s, %n
  %r = musttail call i64 @odd(i64 %m, i64 %t)
  ret i64 %r
}

define i64 @odd(i64 %n, i64 %s) {
  %z = icmp eq i64 %n, 0
  br i1 %z, label %yes, label %no
yes:
  ret i64 -1
no:
  %m = sub i64 %n, 1
  %t = sub i64 %s, %n
  %r = tail call i64 @even(i64 %m, i64 %t)
  ret i64 %r
}

define i64 @twice(i64 %n) {
  %a = tail call i64 @even(i64 %n, i64 0)
  %b = mul i64 %a, 2
  ret i64 %b
}

define i32 @main() {
  %a = call i64 @even(i64 100000000, i64 5)
  %b = call i64 @twice(i64 10)
  %x = icmp ne i64 %a, 50000005
  %y = icmp ne i64 %b, 10
  %bad = or i1 %x, %y
  %r = zext i1 %bad to i32
  ret i32 %r
}
