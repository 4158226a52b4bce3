package BearerdMiddleware;

# PSGI middleware: lets a request through only with a good token; the application finds its claims in
# $env->{'bearerd.claims'}.
#
#   my $daemon = Bearerd->new;
#   builder {
#       mount '/orders' => BearerdMiddleware->wrap($orders, daemon => $daemon, require => { scope => 'orders:read' });
#       mount '/delete' => BearerdMiddleware->wrap($delete, daemon => $daemon, require => { max_age => 300 });
#   };

use strict;
use warnings;
use parent 'Plack::Middleware';
use JSON::PP ();
use Plack::Util::Accessor qw(daemon require);

sub call {
    my ($self, $env) = @_;
    # Whatever a client may have brought about, only what was verified stands here.
    delete $env->{'bearerd.claims'};
    my $verdict = $self->daemon->verify($env->{HTTP_AUTHORIZATION} // '', %{ $self->require // {} });
    if ($verdict->{ok}) {
        $env->{'bearerd.claims'} = $verdict->{claims};
        return $self->app->($env);
    }
    my @headers = ('Content-Type' => 'application/json', 'Cache-Control' => 'no-store');
    push @headers, 'WWW-Authenticate' => $verdict->{www_authenticate} if defined $verdict->{www_authenticate};
    my $wait = $verdict->{retry_after_ms};
    push @headers, 'Retry-After' => int(($wait + 999) / 1000) if defined $wait;
    return [ $verdict->{status}, \@headers, [ JSON::PP->new->utf8->encode({ error => $verdict->{code} }) ] ];
}

1;
