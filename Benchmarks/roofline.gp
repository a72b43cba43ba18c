# GFLOP/s reached, against what the machine allows. Called as:
#   gnuplot -c roofline.gp DATA PICTURE TITLE FMA_GFLOPS L1_GBS L2_GBS MEMORY_GBS
# DATA: two blocks of "flop-per-byte GFLOP/s density" lines under their names; bytes are those of distinct arrays, moved once.
set terminal svg noenhanced size 760,480 font "Helvetica,14" background "#ffffff"
set output ARG2
set title ARG3 textcolor "#222222"
set xlabel "flop for each byte that must come from or go to memory" textcolor "#444444"
set ylabel "GFLOP/s" textcolor "#444444"
peak = real(ARG4)
memory = real(ARG7)
# A connection multiplies one panel value that it loads, 4 bytes, by a weight that it holds: 2 flop.
l1 = real(ARG5) / 2
l2 = real(ARG6) / 2
least(a, b) = a < b ? a : b
set logscale xy
set xrange [1 : 100]
set yrange [5 : 2 * peak]
set border 3 linecolor "#888888"
set tics nomirror textcolor "#444444"
set grid linetype 1 linecolor "#e4e4e4"
set key bottom center textcolor "#444444"
set samples 500
set label 1 sprintf("multiply-adds: %.0f", peak) at 1.1, peak * 1.1 textcolor "#444444"
set label 2 sprintf("panel rows from L1: %.0f", least(l1, peak)) at 22, least(l1, peak) * 1.08 textcolor "#888888"
set label 3 sprintf("panel rows from L2: %.0f", l2) at 22, l2 * 1.08 textcolor "#888888"
plot least(peak, memory * x) with lines linecolor "#444444" linewidth 2 title sprintf("peak and memory, %.0f GB/s", memory), \
  least(l1, peak) with lines linecolor "#bbbbbb" dashtype 2 notitle, \
  l2 with lines linecolor "#bbbbbb" dashtype 2 notitle, \
  for [i = 0 : 1] ARG1 index i using 1:2 with linespoints linecolor rgb (i ? "#c2703d" : "#1b7f79") linewidth 1.5 \
    pointtype 7 pointsize 0.6 title columnheader(1), \
  for [i = 0 : 1] ARG1 index i using 1:2:(sprintf("%g", $3)) every ::1 with labels offset 0, (i ? 0.8 : -0.8) font ",11" \
    textcolor rgb (i ? "#c2703d" : "#1b7f79") notitle
unset output
