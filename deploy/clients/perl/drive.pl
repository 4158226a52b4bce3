#!/usr/bin/perl
# The conformance suite's driver of the Perl client: a JSON line in, a JSON line out.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Bearerd;
use JSON::PP;

$| = 1;
my $json = JSON::PP->new->utf8->canonical;
my $daemon = Bearerd->new(timeout => ($ENV{BEARERD_TIMEOUT_MS} // 2000) / 1000);
my $workers = $ENV{BEARERD_WORKERS} // 0;

sub answer {
    my %members = %{ $json->decode($_[0]) };
    my $authorization = delete $members{authorization};
    my $verdict = $daemon->verify($authorization, %members);
    my $subject = $verdict->{ok} ? $verdict->{claims}{sub} : undef;
    my $line = $json->encode({
        ok => $verdict->{ok} ? JSON::PP::true : JSON::PP::false, status => $verdict->{status},
        subject => ref $subject ? undef : $subject, $workers ? (authorization => $authorization) : (),
    });
    # One write: workers share the output.
    syswrite STDOUT, "$line\n";
}

if (!$workers) {
    while (my $line = <STDIN>) { answer($line) }
    exit;
}
my ($first, @others) = <STDIN>;
answer($first);
for my $worker (0 .. $workers - 1) {
    next if fork;
    for (my $at = $worker; $at < @others; $at += $workers) { answer($others[$at]) }
    exit;
}
1 while wait > 0;
