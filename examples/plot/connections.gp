# How many connections each input pixel has, before and after training, as two heat maps on one scale.
# Called as: gnuplot -c connections.gp DATA PICTURE TITLE
# DATA: two matrices of counts, row by row from the top, two empty lines between them.
set terminal pngcairo size 1280,660 font "sans,20" background "#ffffff"
set output ARG2
stats ARG1 index 0 matrix nooutput
highest = STATS_max
stats ARG1 index 1 matrix nooutput
highest = STATS_max > highest ? STATS_max : highest
unset key
unset border
unset tics
set size ratio -1
set yrange [*:*] reverse
set cbrange [0 : highest]
# From paper white through the colours of leaves to night blue: even steps of lightness, readable in grey.
set palette defined (0 "#fbfbf3", 0.15 "#dcebc4", 0.35 "#95cfa4", 0.55 "#3fa6a0", 0.75 "#1c6e8c", 0.9 "#1a3a6e", 1 "#140f3c")
set multiplot title ARG3 font "sans,24" textcolor "#222222"
set lmargin at screen 0.02
set rmargin at screen 0.45
set tmargin at screen 0.82
set bmargin at screen 0.04
unset colorbox
set title "before training" textcolor "#444444" offset 0,-0.4
plot ARG1 index 0 matrix with image pixels
set lmargin at screen 0.47
set rmargin at screen 0.90
set colorbox user origin screen 0.915,0.04 size screen 0.018,0.78 noborder
set cbtics scale 0 textcolor "#444444" offset -0.5,0
set title "after training"
plot ARG1 index 1 matrix with image pixels
unset multiplot
unset output
