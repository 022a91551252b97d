#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
# sentences.pl PAGE: compares the messages that PAGE quotes in the first column of its
# tables with the strings of the code. Prints the quotes that the code cannot print, and
# fails if there are any.
#
# In a quote, capital letters, numbers and "..." stand for values, as the conversions of
# printf() do in a string. What is between them must be part of a string, or consist of
# several: a message may be composed of them.

use strict;
use warnings;
use File::Find;

my %pieces;	# strings of the code, between their conversions

# Single letters are units.
sub trim {
	my $text = shift;

	$text =~ s/^[^a-z\/-]*(?:\b[a-z]\b)?[^a-z\/-]*//;
	$text =~ s/[\s:;,.]+$//;
	return $text;
}

sub add_string {
	my $string = shift;

	$string =~ s/\\n/ /g;
	$string =~ s/\\(.)/$1/g;
	for my $piece (split /%[-+ #0-9.*]*(?:hh|h|ll|l|z)?[a-zA-Z%]|\d+/, $string) {
		$piece = trim($piece);
		$pieces{$piece} = 1 if $piece =~ /[a-z]{2}/;
	}
}

sub add_file {
	return unless /\.[ch]$/;
	open my $file, '<', $_ or die "$File::Find::name: $!\n";
	local $/;
	my $code = <$file>;

	$code =~ s{/\*.*?\*/}{}gs;
	$code =~ s/'\\?"'//g;
	$code =~ s/(?<!\\)"\s*\n\s*"//g;
	add_string($1) while $code =~ /"((?:[^"\\]|\\.)*)"/g;
}

# Part of one string; or a string, and then more.
sub is_printed {
	my $text = trim(shift);

	return 1 if $text !~ /[a-z]{2}/;
	for my $piece (keys %pieces) {
		return 1 if index($piece, $text) >= 0;
	}
	for my $piece (keys %pieces) {
		next if index($text, $piece) != 0;
		my $rest = substr $text, length $piece;
		return 1 if $rest !~ /^[a-z]/ && is_printed($rest);
	}
	return 0;
}

# Capitals are left out on both sides.
sub runs {
	my $quote = shift;

	$quote =~ s/^(?:adeos_lite|vnode): //;
	return split /[A-Z]+|\d+|\.\.\./, $quote;
}

my $page = shift or die "usage: sentences.pl PAGE\n";
my $bad = 0;

find(\&add_file, qw(adeos-lite kernel kexec-vnode vconsole vnic vvirtio));
for my $errnum (1 .. 133) {
	$! = $errnum;
	add_string("$!");
}
open my $file, '<', $page or die "$page: $!\n";
while (<$file>) {
	next unless /^\|([^|]*)\|/;
	for my $quote ($1 =~ /`([^`]+)`/g) {
		next unless grep { !is_printed($_) } runs($quote);
		print "$page:$.: the code does not say \"$quote\"\n";
		$bad = 1;
	}
}
exit $bad;
