# Speed-up over a dense layer, by density. Called as: gnuplot -c speedup.gp DATA PICTURE TITLE CURVES
# DATA: blocks of "density speed-up" lines, each under its name in quotes; the first is Espalier's.
set terminal svg noenhanced size 760,480 font "Helvetica,14" background "#ffffff"
set output ARG2
set title ARG3 textcolor "#222222"
set xlabel "density" textcolor "#444444"
set ylabel "times as fast as PyTorch dense" textcolor "#444444"
set logscale xy
set xrange [0.6 : 0.009]
set xtics (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
set yrange [0.02 : 150]
set ytics (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
set border 3 linecolor "#888888"
set tics nomirror textcolor "#444444"
set grid ytics linetype 1 linecolor "#e4e4e4"
set key top left reverse Left textcolor "#444444"
array colors[6] = ["#1b7f79", "#c2703d", "#5a6b8c", "#9a4f8f", "#8a8468", "#444444"]
plot 1 with lines linecolor "#b03030" linewidth 1.5 title "break-even", \
  1 / x with lines linecolor "#aaaaaa" dashtype 2 title "1 / density", \
  for [i = 0 : int(ARG4) - 1] ARG1 index i using 1:2 with linespoints linecolor rgb colors[i + 1] \
    linewidth (i == 0 ? 2.5 : 1.2) pointtype 7 pointsize 0.5 title columnheader(1)
unset output
