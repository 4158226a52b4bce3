<?php
declare(strict_types=1);
require __DIR__ . '/../php/bearerd.php';

$members = ['/me' => [], '/orders' => ['scope' => 'orders:read'], '/delete' => ['max_age' => 300]];
$verdict = (new Bearerd())->verify($_SERVER['HTTP_AUTHORIZATION'] ?? '', $members[$_SERVER['REQUEST_URI']]);
if (!$verdict->ok) {
    $verdict->refuse();
    exit;
}
header('Content-Type: application/json');
echo json_encode(['subject' => $verdict->claims['sub']]);
