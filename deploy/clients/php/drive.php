<?php
// The conformance suite's driver of the PHP client: a JSON line in, a JSON line out.
declare(strict_types=1);
require __DIR__ . '/bearerd.php';

$daemon = new Bearerd(timeout: (int) (getenv('BEARERD_TIMEOUT_MS') ?: 2000) / 1000);
$workers = (int) getenv('BEARERD_WORKERS');

$answer = function (string $line) use ($daemon, $workers): void {
    $members = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    $authorization = $members['authorization'];
    unset($members['authorization']);
    $verdict = $daemon->verify($authorization, $members);
    $subject = $verdict->claims['sub'] ?? null;
    $answer = ['ok' => $verdict->ok, 'status' => $verdict->status, 'subject' => is_string($subject) ? $subject : null];
    // One write: workers share the output.
    fwrite(STDOUT, json_encode($answer + ($workers ? ['authorization' => $authorization] : [])) . "\n");
};

if ($workers === 0) {
    while (($line = fgets(STDIN)) !== false) {
        $answer($line);
    }
    exit;
}
$lines = file('php://stdin');
$answer(array_shift($lines));
for ($worker = 0; $worker < $workers; $worker++) {
    if (pcntl_fork() === 0) {
        for ($at = $worker; $at < count($lines); $at += $workers) {
            $answer($lines[$at]);
        }
        exit;
    }
}
while (pcntl_wait($status) > 0) {
}
