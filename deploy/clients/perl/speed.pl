#!/usr/bin/perl
# The Perl client against Crypt::JWT; see deploy/clients/speed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Bearerd;
use Crypt::JWT qw(decode_jwt);
use JSON::PP;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my ($rounds, $calls) = (9, 200);
my $facts = decode_json(do { local $/; <STDIN> });
my ($token, $key) = ($facts->{token}, $facts->{jwks}{keys}[0]);
my $daemon = Bearerd->new;

sub ask { $daemon->verify("Bearer $token")->{ok} or die "the daemon refused the token\n" }

sub alone {
    decode_jwt(
        token => $token, key => $key, accepted_alg => $facts->{alg}, verify_exp => 1,
        verify_iss => sub { $_[0] eq $facts->{issuer} },
        verify_aud => sub { grep { $_ eq $facts->{audience} } ref $_[0] ? @{ $_[0] } : $_[0] },
    );
}

sub times_of {
    my ($call) = @_;
    return map {
        my $start = clock_gettime(CLOCK_MONOTONIC);
        $call->();
        (clock_gettime(CLOCK_MONOTONIC) - $start) * 1e6;
    } 1 .. $calls;
}

my %result = (library => "Crypt::JWT $Crypt::JWT::VERSION", ask => [], alone => []);
times_of(\&ask);
times_of(\&alone);
for (1 .. $rounds) {
    push @{ $result{ask} }, times_of(\&ask);
    push @{ $result{alone} }, times_of(\&alone);
}
print JSON::PP->new->canonical->encode(\%result), "\n";
