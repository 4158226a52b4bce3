<?php
// Asks bearerd whether a token may be trusted. One file to copy; PHP's own functions only (8.1 or later).
//
//   $daemon = new Bearerd();                              // one for the request or the worker; a fork may go on with it
//   $verdict = $daemon->verify($_SERVER['HTTP_AUTHORIZATION'] ?? '', ['scope' => 'orders:read']);
//   if ($verdict->ok) { $who = [$verdict->claims['iss'], $verdict->claims['sub']]; }    // both together
//   else { $verdict->refuse(); exit; }                    // 401, 403, or 503: nobody can tell now
//
// Everything that is not plainly a yes is a no, and nothing is thrown. Members: every one of a verify request, such as
// 'max_age' => 300 or 'policy' => 'admin'. Integers that PHP cannot hold come as strings, never as rounded numbers.
// Not pfsockopen: bytes left in a persistent stream would go to the next request's user.

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
    ) {
    }

    /** Sends status, challenge and body of a refusal. */
    public function refuse(): void
    {
        header('Content-Type: application/json');
        header('Cache-Control: no-store');
        if ($this->wwwAuthenticate !== null) {
            header('WWW-Authenticate: ' . $this->wwwAuthenticate);
        }
        if ($this->retryAfterMs !== null) {
            header('Retry-After: ' . intdiv($this->retryAfterMs + 999, 1000));
        }
        // Last: PHP makes a 401 of whatever has the header WWW-Authenticate.
        http_response_code($this->status);
        echo json_encode(['error' => $this->code]);
    }
}

final class Bearerd
{
    private const MAXIMUM_REPLY = 1 << 20;
    private const MAXIMUM_PATH = 107;
    private string $path;
    /** @var resource|null */
    private $stream = null;
    private ?int $owner = null;
    private int $number = 0;

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
        $id = getmypid() . '.' . ++$this->number;
        $own = ['id' => $id, 'op' => $op, 'authorization' => $authorization];
        $line = json_encode($own + $members, JSON_INVALID_UTF8_SUBSTITUTE);
        $reply = $line === false ? null : $this->exchange($line . "\n");
        $verdict = $reply === null ? null : self::read(json_decode($reply, true, 40, JSON_BIGINT_AS_STRING), $id, $member);
        if ($verdict === null) {
            // No reply to this request: nobody may read what comes later.
            $this->hangUp();
        }
        return $verdict ?? new BearerdVerdict();
    }

    private static function read(mixed $reply, string $id, string $member): ?BearerdVerdict
    {
        if (!is_array($reply) || ($reply['id'] ?? null) !== $id) {
            return null;
        }
        $claims = $reply[$member] ?? null;
        if (($reply['ok'] ?? null) === true && is_array($claims) && !array_is_list($claims)) {
            $issuer = is_string($reply['issuer'] ?? null) ? $reply['issuer'] : null;
            return new BearerdVerdict(true, 200, $claims, $issuer, ($reply['stale'] ?? null) === true, null);
        }
        $error = $reply['error'] ?? null;
        $status = is_array($error) ? $error['status'] ?? null : null;
        if (($reply['ok'] ?? null) !== false || !is_int($status) || $status < 400 || $status > 599) {
            return null;
        }
        $challenge = $error['www_authenticate'] ?? null;
        $wait = $error['retry_after_ms'] ?? null;
        return new BearerdVerdict(
            status: $status,
            code: is_string($error['code'] ?? null) ? $error['code'] : null,
            // Nothing that could end a header's line.
            wwwAuthenticate: is_string($challenge) && !preg_match('/[^\x20-\x7E]/', $challenge) ? $challenge : null,
            retryAfterMs: is_int($wait) && $wait >= 0 ? $wait : null,
        );
    }

    /** One line there and one back, within the timeout; null if there is none. */
    private function exchange(string $line): ?string
    {
        $deadline = hrtime(true) + (int) ($this->timeout * 1e9);
        if ($this->owner !== getmypid()) {
            // A child must not share its parent's connection.
            $this->hangUp();
        }
        while (true) {
            $isKept = $this->stream !== null;
            $wasClosed = false;
            $reply = $isKept || $this->connect($deadline) ? $this->converse($line, $deadline, $wasClosed) : null;
            if ($reply !== null) {
                return $reply;
            }
            $this->hangUp();
            // A restart closed the kept connection; asking once more does no harm.
            if (!$isKept || !$wasClosed) {
                return null;
            }
        }
    }

    private function hangUp(): void
    {
        if ($this->stream !== null) {
            @fclose($this->stream);
        }
        $this->stream = null;
    }

    private function connect(int $deadline): bool
    {
        if (strlen($this->path) > self::MAXIMUM_PATH) {
            // PHP would cut it, and connect to whatever is there.
            return false;
        }
        do {
            $left = max(0.001, ($deadline - hrtime(true)) / 1e9);
            $stream = @stream_socket_client('unix://' . $this->path, $code, $message, $left);
            if ($stream !== false) {
                stream_set_blocking($stream, false);
                stream_set_read_buffer($stream, 0);
                [$this->stream, $this->owner] = [$stream, getmypid()];
                return true;
            }
            // A full backlog says EAGAIN and cannot be waited for.
            usleep(5000);
        } while ($code === 11 && hrtime(true) < $deadline);
        return false;
    }

    private function converse(string $line, int $deadline, bool &$wasClosed): ?string
    {
        while ($line !== '') {
            $count = @fwrite($this->stream, $line);
            if ($count === false) {
                $wasClosed = true;
                return null;
            }
            $line = substr($line, $count);
            if ($line !== '' && !$this->waitFor(true, $deadline)) {
                return null;
            }
        }
        $reply = '';
        while (!str_contains($reply, "\n")) {
            if (!$this->waitFor(false, $deadline)) {
                return null;
            }
            $chunk = @fread($this->stream, 65536);
            if ($chunk === false || ($chunk === '' && feof($this->stream))) {
                $wasClosed = $reply === '';
                return null;
            }
            $reply .= $chunk;
            if (strlen($reply) > self::MAXIMUM_REPLY) {
                return null;
            }
        }
        [$reply, $rest] = explode("\n", $reply, 2);
        if ($rest !== '') {
            // Bytes that nobody asked for make the connection worthless, not the reply.
            $this->hangUp();
        }
        return $reply;
    }

    private function waitFor(bool $isWriting, int $deadline): bool
    {
        $left = intdiv($deadline - hrtime(true), 1000);
        $streams = [$this->stream];
        $none = null;
        return $left > 0 && (
            $isWriting
                ? @stream_select($none, $streams, $none, 0, $left)
                : @stream_select($streams, $none, $none, 0, $left)
        ) > 0;
    }
}
