<?php
declare(strict_types=1);
require __DIR__ . '/../php/bearerd_guard.php';

$members = ['/me' => [], '/orders' => ['scope' => 'orders:read'], '/delete' => ['max_age' => 300]];
$claims = bearerd_guard(new Bearerd(), $members[$_SERVER['REQUEST_URI']]);
header('Content-Type: application/json');
echo json_encode(['subject' => $claims['sub']]);
