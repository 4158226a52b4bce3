<?php
// Asks bearerd whether a token may be trusted. One file to copy; PHP's own functions only (8.1 or later).
//
//   $daemon = new Bearerd();                             // one for the request or the worker; a fork may go on with it
//   $verdict = $daemon->verify($_SERVER['HTTP_AUTHORIZATION'] ?? '', ['scope' => 'orders:read']);
//   if ($verdict->ok) { $who = [$verdict->claims['iss'], $verdict->claims['sub']]; }    // both together
//   else { answer($verdict->status, $verdict->wwwAuthenticate); }         // 401, 403, or 503: nobody can tell now
//
// Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such as
// 'max_age' => 300 or 'policy' => 'admin'. Integers that PHP cannot hold come as strings, never as rounded numbers.
// Not pfsockopen: bytes left in a persistent stream would go to the next request's user. bearerd_guard.php beside it
// guards pages.

declare(strict_types=1);

final class BearerdVerdict
{
    public function __construct(
        public readonly bool $ok = false,
        public readonly int $status = 503,          // the HTTP status to answer with
        public readonly ?array $claims = null,      // only if ok
        public readonly ?string $issuer = null,     // the issuer's short name
        public readonly bool $stale = false,        // the keys could not be refreshed for a while
        public readonly ?string $code = 'unavailable',  // see "Codes" in protocol.md
        public readonly ?string $wwwAuthenticate = null,
        public readonly ?int $retryAfterMs = null,
    ) {}
}

final class Bearerd
{
    private const MAXIMUM_REPLY = 1 << 20;
    private const MAXIMUM_PATH = 107;
    private const EAGAIN = 11;
    private string $path;
    /** The connection that is kept, by the process that opened it: a child must not share its parent's. */
    private array $kept = [];

    /** $path: the socket, else $BEARERD_SOCKET, else the usual place. $timeout: seconds for a whole exchange. */
    public function __construct(?string $path = null, private float $timeout = 2.0)
    {
        $this->path = ($path ?? getenv('BEARERD_SOCKET')) ?: '/run/bearerd/bearerd.sock';
    }

    public function verify(string $authorization, array $members = []): BearerdVerdict
    {
        return $this->ask('verify', 'claims', $authorization, $members);
    }

    public function introspect(string $authorization, array $members = []): BearerdVerdict
    {
        return $this->ask('introspect', 'introspection', $authorization, $members);
    }

    private function ask(string $op, string $member, string $authorization, array $members): BearerdVerdict
    {
        $deadline = hrtime(true) + (int) ($this->timeout * 1e9);
        try {
            $own = ['id' => bin2hex(random_bytes(8)), 'op' => $op, 'authorization' => $authorization];
            $line = json_encode($own + $members, JSON_INVALID_UTF8_SUBSTITUTE | JSON_THROW_ON_ERROR) . "\n";
            [$stream, $this->kept] = [$this->kept[getmypid()] ?? null, []];
            $reply = $stream ? self::converse($stream, $line, $deadline) : '';
            if ($reply === '') {
                // None was kept, or a restart closed it: asking once more does no harm.
                $stream = $this->connect($deadline);
                $reply = self::converse($stream, $line, $deadline);
            }
            $end = strpos($reply, "\n") ?: throw new RuntimeException('no whole reply');
            $verdict = self::read(substr($reply, 0, $end), $own['id'], $member);
            // Bytes that nobody asked for make the connection worthless, not the reply.
            $this->kept = $end + 1 === strlen($reply) ? [getmypid() => $stream] : [];
            return $verdict;
        } catch (Throwable) {
            return new BearerdVerdict();
        }
    }

    /** Throws for whatever is no reply to this request. */
    private static function read(string $line, string $id, string $member): BearerdVerdict
    {
        $reply = json_decode($line, true, 40, JSON_BIGINT_AS_STRING | JSON_THROW_ON_ERROR);
        ($reply['id'] ?? null) === $id || throw new RuntimeException('not the reply to this request');
        [$ok, $claims, $error] = [$reply['ok'] ?? null, $reply[$member] ?? null, $reply['error'] ?? null];
        if ($ok === true && is_array($claims) && !array_is_list($claims)) {
            $isStale = ($reply['stale'] ?? null) === true;
            return new BearerdVerdict(true, 200, $claims, $reply['issuer'] ?? null, $isStale, null);
        }
        $status = $error['status'] ?? null;
        $isRefusal = $ok === false && is_int($status) && $status >= 400 && $status <= 599;
        $isRefusal || throw new RuntimeException('no verdict');
        [$challenge, $wait] = [$error['www_authenticate'] ?? null, $error['retry_after_ms'] ?? null];
        // Nothing that could end a header's line.
        $challenge = is_string($challenge) && !preg_match('/[^\x20-\x7E]/', $challenge) ? $challenge : null;
        $wait = is_int($wait) && $wait >= 0 ? $wait : null;
        return new BearerdVerdict(false, $status, null, null, false, $error['code'] ?? null, $challenge, $wait);
    }

    /** @return resource */
    private function connect(int $deadline)
    {
        // PHP would cut it, and connect to whatever is there.
        strlen($this->path) <= self::MAXIMUM_PATH || throw new RuntimeException('too long a path');
        while (!$stream = @stream_socket_client('unix://' . $this->path, $code)) {
            // A full backlog says EAGAIN and cannot be waited for.
            if ($code !== self::EAGAIN || hrtime(true) > $deadline) {
                throw new RuntimeException('no daemon');
            }
            usleep(5000);
        }
        stream_set_blocking($stream, false);
        stream_set_read_buffer($stream, 0);
        return $stream;
    }

    /** The reply and what came with it; '' if the connection was closed before a byte of it. */
    private static function converse($stream, string $line, int $deadline): string
    {
        $reply = '';
        while (!str_contains($reply, "\n") && !feof($stream) && strlen($reply) <= self::MAXIMUM_REPLY) {
            [$toRead, $toWrite, $none] = $line === '' ? [[$stream], [], []] : [[], [$stream], []];
            $left = intdiv($deadline - hrtime(true), 1000);
            $isReady = $left > 0 && @stream_select($toRead, $toWrite, $none, 0, $left);
            $isReady || throw new RuntimeException('too late');
            if ($line === '') {
                $reply .= @fread($stream, 65536);
            } elseif (($count = @fwrite($stream, $line)) === false) {
                break;
            } else {
                $line = substr($line, $count);
            }
        }
        return $reply;
    }
}
