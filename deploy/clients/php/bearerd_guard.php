<?php
// Guards a page: gives the claims of a good token, or sends the refusal and ends the request. It is copied with
// bearerd.php.
//
//   $claims = bearerd_guard(new Bearerd(), ['scope' => 'orders:read']);
//   $claims = bearerd_guard(new Bearerd(), ['max_age' => 300]);         // a login in the last five minutes (RFC 9470)

declare(strict_types=1);

require_once __DIR__ . '/bearerd.php';

function bearerd_guard(Bearerd $daemon, array $members = []): array
{
    $verdict = $daemon->verify($_SERVER['HTTP_AUTHORIZATION'] ?? '', $members);
    if ($verdict->ok) {
        return $verdict->claims;
    }
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    if ($verdict->wwwAuthenticate !== null) {
        header('WWW-Authenticate: ' . $verdict->wwwAuthenticate);
    }
    if ($verdict->retryAfterMs !== null) {
        header('Retry-After: ' . intdiv($verdict->retryAfterMs + 999, 1000));
    }
    // Last: PHP makes a 401 of whatever has the header WWW-Authenticate.
    http_response_code($verdict->status);
    echo json_encode(['error' => $verdict->code]);
    exit;
}
