# Accuracy over epochs. Called as: gnuplot -c accuracy.gp DATA PICTURE TITLE
# DATA: a line an epoch, its number and the share of test pictures recognised.
set terminal pngcairo size 1280,720 font "sans,20" background "#ffffff" linewidth 2
set output ARG2
set title ARG3 font "sans,24" textcolor "#222222"
set xlabel "epoch" textcolor "#444444"
set ylabel "test accuracy" textcolor "#444444"
set border 3 linecolor "#888888" linewidth 0.75
set tics nomirror out scale 0.5 textcolor "#444444"
set format y "%.3f"
set grid ytics linetype 1 linecolor "#e4e4e4" linewidth 0.5
unset key
stats ARG1 using 2 nooutput
# The interesting part lies near the top; the first epochs may fall below it.
low = STATS_min > STATS_max - 0.02 ? STATS_min - 0.002 : STATS_max - 0.02
set yrange [low : STATS_max + 0.1 * (STATS_max - low)]
last = STATS_records
set xrange [0.5 : last + 0.5]
# Whole epochs only.
step = last > 60 ? 10 : last > 12 ? 5 : 1
set xtics step
set style line 1 linecolor "#1b7f79" linewidth 1.75 pointtype 7 pointsize 0.7
plot ARG1 using 1:2 with linespoints linestyle 1, \
  ARG1 using 1:(int($1) == last ? $2 : 1/0):(sprintf("%.4f", $2)) with labels right offset 0.5,1 textcolor "#1b7f79"
unset output
