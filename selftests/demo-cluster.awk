# SPDX-License-Identifier: GPL-2.0-only
#
# Draws the table of demo-cluster-root.sh as SVG: "bytes" and names of pairs in its head,
# then BYTES and MICROSECONDS, MBIT/S of each pair. Two plots side by side, time and
# throughput by size; all axes are logarithmic.

function log10(value) {
	return log(value) / log(10)
}

function x_of(plot, bytes) {
	return LEFT + plot * (WIDTH + GAP) + (log(bytes) - log(x_min)) / (log(x_max) - log(x_min)) * WIDTH
}

function y_of(plot, value) {
	return TOP + HEIGHT - (log10(value) - y_low[plot]) / (y_high[plot] - y_low[plot]) * HEIGHT
}

function text(x, y, anchor, what) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, what
}

function line(x1, y1, x2, y2, colour) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2, colour
}

function size_name(bytes) {
	return bytes < 1024 ? bytes : bytes < 1048576 ? bytes / 1024 "K" : bytes / 1048576 "M"
}

function number(value) {
	return value >= 1 ? sprintf("%d", value + 0.5) : sprintf("%g", value)
}

# Decades that hold all values.
function scale(plot, row, power) {
	for (row = 1; row <= rows; row++) {
		power = log10(value[plot, row])
		if (row == 1 || power < y_low[plot])
			y_low[plot] = power
		if (row == 1 || power > y_high[plot])
			y_high[plot] = power
	}
	y_low[plot] = floor(y_low[plot])
	y_high[plot] = floor(y_high[plot]) + 1
}

function floor(value, whole) {
	whole = int(value)
	return whole > value ? whole - 1 : whole
}

function axes(plot, title, left, size, power) {
	left = LEFT + plot * (WIDTH + GAP)
	for (power = y_low[plot]; power <= y_high[plot]; power++) {
		line(left, y_of(plot, 10 ^ power), left + WIDTH, y_of(plot, 10 ^ power), "#ddd")
		text(left - 6, y_of(plot, 10 ^ power) + 4, "end", number(10 ^ power))
	}
	for (size = 1; size <= x_max; size *= 4) {
		if (size < x_min)
			continue
		line(x_of(plot, size), TOP, x_of(plot, size), TOP + HEIGHT, "#ddd")
		text(x_of(plot, size), TOP + HEIGHT + 16, "middle", size_name(size))
	}
	printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#444\"/>\n",
		left, TOP, WIDTH, HEIGHT
	text(left + WIDTH / 2, TOP - 10, "middle", title)
	text(left + WIDTH / 2, TOP + HEIGHT + 36, "middle", "message, bytes")
}

function curve(plot, series, row) {
	printf "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\" points=\"", COLOUR[series]
	for (row = 1; row <= rows; row++)
		if (pair[row] == name[series])
			printf "%.1f,%.1f ", x_of(plot, bytes[row]), y_of(plot, value[plot, row])
	print "\"/>"
}

$1 == "bytes" && names == 0 {
	for (field = 2; field <= NF; field++)
		if ($field ~ /^node[0-9]+-node[0-9]+,$/)
			name[++names] = substr($field, 1, length($field) - 1)
	next
}

names > 0 && $1 ~ /^[0-9]+$/ && NF == 1 + 2 * names {
	for (series = 1; series <= names; series++) {
		if ($(2 * series) <= 0 || $(2 * series + 1) <= 0)
			bad = 1
		pair[++rows] = name[series]
		bytes[rows] = $1
		value[0, rows] = $(2 * series)
		value[1, rows] = $(2 * series + 1)
	}
	if (x_max == 0)
		x_min = $1
	x_max = $1
}

END {
	if (bad || rows < 2 || x_max <= x_min)
		exit 1
	LEFT = 70
	TOP = 50
	WIDTH = 380
	HEIGHT = 300
	GAP = 90
	split("#1f5fa8 #c0501a #2e8540 #7a3e9d", COLOUR, " ")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		LEFT + 2 * WIDTH + GAP + 30, TOP + HEIGHT + 80
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	for (plot = 0; plot < 2; plot++) {
		scale(plot)
		axes(plot, plot ? "throughput, Mbit/s" : "time of one message, microseconds")
		for (series = 1; series <= names; series++)
			curve(plot, series)
	}
	for (series = 1; series <= names; series++) {
		line(LEFT + (series - 1) * 160, TOP + HEIGHT + 60, LEFT + (series - 1) * 160 + 30, TOP + HEIGHT + 60, COLOUR[series])
		text(LEFT + (series - 1) * 160 + 36, TOP + HEIGHT + 64, "start", name[series])
	}
	print "</svg>"
}
