# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v title=TITLE -v unit=UNIT [-v log10=1] -f bars.awk FILE: groups of bars, as SVG.
# Fields are separated by tabs. The first line names the bars of each group, after an
# empty field; each other one is a group: its name, and a value for each bar, "-" for
# none. log10: the axis begins at the power of ten below the smallest value.

BEGIN {
	FS = "\t"
	split("#4878a8 #b0b0b0 #d08030 #50905a", color, " ")
	left = 60; top = 60; height = 260; bar = 18; gap = 26
}

NR == 1 {
	nr = NF - 1
	for (i = 1; i <= nr; i++)
		series[i] = $(i + 1)
	next
}

NF > 1 {
	name[++groups] = $1
	for (i = 1; i <= nr; i++) {
		value[groups, i] = $(i + 1)
		if ($(i + 1) + 0 <= 0)
			continue
		if ($(i + 1) + 0 > max)
			max = $(i + 1) + 0
		if (!min || $(i + 1) + 0 < min)
			min = $(i + 1) + 0
	}
}

function ten(x) { return exp(log(10) * x) }
function lg(x) { return log(x) / log(10) }
function floor(x, n) { n = int(x); return n > x ? n - 1 : n }

# From 0 to 1.
function part(v) { return log10 ? (lg(v) - low) / (high - low) : v / high }

function y_of(v) { return top + height * (1 - part(v)) }

function text(x, y, anchor, what, more) {
	gsub("&", "\\&amp;", what)
	gsub("<", "\\&lt;", what)
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, more, what
}

function tick(v) {
	printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#d0d0d0\"/>\n",
		left, width - 10, y_of(v), y_of(v)
	text(left - 6, y_of(v) + 4, "end", v + 0 "")
}

# The step of an axis with about five of them: 1, 2 or 5 times a power of ten.
function step_of(range, power) {
	power = ten(floor(lg(range / 5)))
	return range / 5 / power > 5 ? 10 * power : range / 5 / power > 2 ? 5 * power : 2 * power
}

function axis(v) {
	if (log10) {
		low = floor(lg(min))
		high = floor(lg(max)) + 1
		for (v = low; v <= high; v++)
			tick(ten(v))
		return
	}
	step = step_of(max)
	high = step * (floor(max / step) + 1)
	for (v = 0; v <= high + step / 2; v += step)
		tick(v)
}

END {
	if (!groups || !max) {
		print "bars.awk: nothing to show" > "/dev/stderr"
		exit 1
	}
	group = nr * bar + gap
	width = left + groups * group + 20
	if (width < left + nr * 120)
		width = left + nr * 120
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n",
		width, top + height + 40
	printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
	text(left, 22, "start", title, " font-size=\"15\"")
	text(left - 6, 44, "end", unit)
	axis()
	for (i = 1; i <= nr; i++) {
		printf "<rect x=\"%d\" y=\"34\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", left + 10 + (i - 1) * 120, color[i]
		text(left + 27 + (i - 1) * 120, 44, "start", series[i])
	}
	for (g = 1; g <= groups; g++) {
		x = left + gap / 2 + (g - 1) * group
		for (i = 1; i <= nr; i++)
			if (value[g, i] + 0 > 0)
				printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" fill=\"%s\"><title>%s, %s: %s</title></rect>\n",
					x + (i - 1) * bar, y_of(value[g, i]), bar - 2, top + height - y_of(value[g, i]),
					color[i], name[g], series[i], value[g, i]
		text(x + nr * bar / 2, top + height + 18, "middle", name[g])
	}
	print "</svg>"
}
