package Bearerd;

# Asks bearerd whether a token may be trusted. One file to copy; Perl's own modules only.
#
#   my $daemon = Bearerd->new;                       # one for the process; a fork may go on with it
#   my $verdict = $daemon->verify($env->{HTTP_AUTHORIZATION} // '', scope => 'orders:read');
#   if ($verdict->{ok}) { ... $verdict->{claims}{iss}, $verdict->{claims}{sub} ... }  # who somebody is: both together
#   else                { ... $verdict->{status}, $verdict->{www_authenticate} ... }  # 401, 403, or 503: nobody knows
#
# Everything that is not plainly a yes is a no, and nothing dies. Members: every one of a verify request, such as
# max_age => 300 or policy => 'admin'. A number must be a number: 0 + $x.

use strict;
use warnings;
use B ();
use Errno qw(EAGAIN EINTR ECONNRESET EPIPE);
use Fcntl qw(F_SETFD FD_CLOEXEC);
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw(SOCK_STREAM MSG_NOSIGNAL);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC sleep);

my $JSON = JSON::PP->new->utf8->allow_bignum;
my $MAXIMUM_REPLY = 1 << 20;
my $MAXIMUM_PATH = 107;

# path: the socket, else $BEARERD_SOCKET, else the usual place. timeout: seconds for a whole exchange.
sub new {
    my ($class, %options) = @_;
    my $path = $options{path} // $ENV{BEARERD_SOCKET} // '';
    $path = '/run/bearerd/bearerd.sock' if $path eq '';
    return bless { path => $path, timeout => $options{timeout} // 2, number => 0, owner => 0 }, $class;
}

sub verify     { my $self = shift; return $self->_ask('verify',     'claims',        @_) }
sub introspect { my $self = shift; return $self->_ask('introspect', 'introspection', @_) }

sub _ask {
    my ($self, $op, $member, $authorization, %members) = @_;
    my ($id, $deadline) = ("$$." . ++$self->{number}, _now() + $self->{timeout});
    # A child must not share its parent's connection.
    delete $self->{stream} if $self->{owner} != $$;
    my $verdict = eval {
        my $line = $JSON->encode({ %members, id => $id, op => $op, authorization => "$authorization" }) . "\n";
        my $reply = $self->{stream} ? $self->_converse($line, $deadline) : '';
        if ($reply eq '') {
            # None was kept, or a restart closed it: asking once more does no harm.
            $self->_connect($deadline);
            $reply = $self->_converse($line, $deadline);
        }
        $reply =~ s/\n(.*)//s or die "no whole reply\n";
        # Bytes that nobody asked for make the connection worthless, not the reply.
        delete $self->{stream} if length $1;
        _verdict($JSON->decode($reply), $id, $member);
    };
    return $verdict if $verdict;
    # No reply to this request: nobody may read what comes later.
    delete $self->{stream};
    return { ok => 0, status => 503, code => 'unavailable' };
}

sub _verdict {
    my ($reply, $id, $member) = @_;
    die "not the reply to this request\n" if ref $reply ne 'HASH' || ref $reply->{id} || ($reply->{id} // '') ne $id;
    my ($ok, $error) = @$reply{qw(ok error)};
    # JSON's true is an object of this class; the strings and numbers that Perl takes for true are not.
    die "no verdict\n" if !JSON::PP::is_bool($ok);
    if ($ok) {
        die "no claims\n" if ref $reply->{$member} ne 'HASH';
        my $stale = JSON::PP::is_bool($reply->{stale}) && $reply->{stale} ? 1 : 0;
        return { ok => 1, status => 200, claims => $reply->{$member}, issuer => $reply->{issuer}, stale => $stale };
    }
    my $status = ref $error eq 'HASH' ? $error->{status} : undef;
    # A number, not a string that looks like one.
    my $is_integer = defined $status && !ref $status && B::svref_2object(\$status)->FLAGS & B::SVf_IOK;
    die "no status\n" if !$is_integer || $status < 400 || $status > 599;
    my ($challenge, $wait) = @$error{qw(www_authenticate retry_after_ms)};
    return {
        ok => 0, status => $status, code => $error->{code},
        # Nothing that could end a header's line.
        www_authenticate => defined $challenge && $challenge !~ /[^\x20-\x7E]/ ? $challenge : undef,
        retry_after_ms   => defined $wait && $wait =~ /\A[0-9]{1,15}\z/ ? 0 + $wait : undef,
    };
}

sub _connect {
    my ($self, $deadline) = @_;
    # Perl would cut it, and connect to whatever is there.
    die "too long a path\n" if length $self->{path} > $MAXIMUM_PATH;
    my $stream = IO::Socket::UNIX->new(Type => SOCK_STREAM) or die "no socket\n";
    fcntl $stream, F_SETFD, FD_CLOEXEC;
    $stream->blocking(0);
    until (connect $stream, Socket::pack_sockaddr_un($self->{path})) {
        # A full backlog says EAGAIN and cannot be waited for.
        die "no daemon\n" if ($! != EAGAIN && $! != EINTR) || _now() >= $deadline;
        sleep 0.005;
    }
    @$self{qw(stream owner)} = ($stream, $$);
    return;
}

# The reply and what came with it; nothing if the connection was closed before a byte of it.
sub _converse {
    my ($self, $line, $deadline) = @_;
    my ($stream, $reply) = ($self->{stream}, '');
    my $select = IO::Select->new($stream);
    until ($reply =~ /\n/ || length $reply > $MAXIMUM_REPLY) {
        my $sending = length $line;
        my $count = $sending ? send $stream, $line, MSG_NOSIGNAL : sysread $stream, $reply, 65_536, length $reply;
        if ($count) {
            substr $line, 0, $count, '' if $sending;
        }
        elsif (defined $count || $! == EPIPE || $! == ECONNRESET) {
            last;
        }
        elsif ($! == EAGAIN) {
            my $left = $deadline - _now();
            die "too late\n" if $left <= 0;
            $sending ? $select->can_write($left) : $select->can_read($left);
        }
        elsif ($! != EINTR) {
            die "no connection\n";
        }
    }
    return $reply;
}

# A clock that nobody sets.
sub _now { return clock_gettime(CLOCK_MONOTONIC) }

1;
