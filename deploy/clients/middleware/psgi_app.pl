use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../perl";
use Bearerd;
use BearerdMiddleware;
use HTTP::Server::PSGI;
use IO::Socket::INET;
use JSON::PP;
use Plack::App::URLMap;

$| = 1;
my $daemon = Bearerd->new;
my $subject = sub { [ 200, [ 'Content-Type' => 'application/json' ], [ encode_json({ subject => $_[0]{'bearerd.claims'}{sub} }) ] ] };
my $map = Plack::App::URLMap->new;
$map->map('/me' => BearerdMiddleware->wrap($subject, daemon => $daemon));
$map->map('/orders' => BearerdMiddleware->wrap($subject, daemon => $daemon, require => { scope => 'orders:read' }));
$map->map('/delete' => BearerdMiddleware->wrap($subject, daemon => $daemon, require => { max_age => 300 }));
# The server takes a port, and no socket: a free one, which nobody else takes in the meantime.
my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', ReuseAddr => 1)->sockport;
HTTP::Server::PSGI->new(
    host => '127.0.0.1', port => $port, server_ready => sub { print "$port\n" })->run($map->to_app);
