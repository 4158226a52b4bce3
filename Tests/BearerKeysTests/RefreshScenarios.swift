import Testing

@testable import BearerKeys

extension RefreshStateMachineTests {
  static let scenarios: [Scenario] = [
    Scenario(
      name: "keys are refreshed ahead, at 80 % of their lifetime",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(1, .keys(1, ["a"]), "counted | fresh [a] g1 due 481"),
        Row(480, .timer, "nothing | fresh [a] g1 due 481"),
        Row(481, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(482, .keys(2, ["b"]), "counted | fresh [b] g2 due 962"),
      ]),
    Scenario(
      name:
        "a pause that the provider asks for is kept by everybody, up to the longest back-off, and five % longer at random",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .fault(1, pause: 20), "counted | empty due 21 failures 1"),
        Row(1, .ask("a"), "unavailable 20 | empty due 21 failures 1"),
        Row(1, .refresh, "limited 19 | empty due 21 failures 1"),
        Row(21, .timer, "fetch 2 retry | empty in flight failures 1"),
        Row(21, .fault(2, pause: 86400), "counted | empty due 52.5 failures 2"),
        Row(52.5, .timer, "fetch 3 retry | empty in flight failures 2"),
        Row(52.5, .keys(3, ["a"]), "counted | fresh [a] g1 due 532.5"),
        Row(53, .ask("b"), "wait fetch 4 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(53, .fault(4, pause: 100), "counted | fresh [a] g1 due 158 cooling 100 failures 1"),
        Row(100, .ask("c"), "unavailable 53 | fresh [a] g1 due 158 cooling 53 failures 1"),
        Row(100, .refresh, "limited 53 | fresh [a] g1 due 158 cooling 53 failures 1"),
        Row(158, .timer, "fetch 5 retry | fresh [a] g1 in flight failures 1"),
        Row(158, .fault(5, pause: 86400), "counted | fresh [a] g1 due 473 cooling 300 failures 2"),
        // A pause of no length, or a shorter one than the back-off's own, changes nothing.
        Row(473, .timer, "fetch 6 retry | fresh [a] g1 in flight failures 2"),
        Row(473, .fault(6, pause: 1), "counted | fresh [a] g1 due 503 cooling 30 failures 3"),
        Row(503, .timer, "fetch 7 retry | fresh [a] g1 in flight failures 3"),
        Row(503, .keys(7, ["a"]), "counted | fresh [a] g2 due 983"),
        Row(503, .refresh, "wait fetch 8 request | fresh [a] g2 in flight"),
      ]),
    Scenario(
      name:
        "keys that expire in a pause are asked for then, or when the pause has been as long as it may be without keys",
      settings: RefreshSettings(maximumStale: .zero, savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(480, .fault(2, pause: 300), "counted | fresh [a] g1 due 600 cooling 300 failures 1"),
        Row(600, .timer, "fetch 3 retry | expired [a] g1 in flight failures 1"),
        Row(600, .keys(3, ["a"]), "counted | fresh [a] g2 due 1080"),
        Row(1190, .timer, "fetch 4 schedule | fresh [a] g2 in flight"),
        Row(1190, .fault(4, pause: 300), "counted | fresh [a] g2 due 1220 cooling 300 failures 1"),
      ]),
    Scenario(
      name: "another source has no pause, other settings keep it",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(480, .fault(2, pause: 200), "counted | fresh [a] g1 due 690 cooling 200 failures 1"),
        Row(490, .settings(RefreshSettings(savedFetches: 1)), "nothing | fresh [a] g1 due 690 cooling 190 failures 1"),
        Row(490, .refresh, "limited 190 | fresh [a] g1 due 690 cooling 190 failures 1"),
        Row(
          500, .settings(RefreshSettings(savedFetches: 1), sourceChanged: true),
          "fetch 3 reload | fresh [a] g1 in flight"),
      ]),
    Scenario(
      name: "an answer that leaves a doubt is asked for once more, past caches, and only that one proves kids absent",
      settings: RefreshSettings(savedFetches: 4),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"], leavesDoubt: true), "counted | fresh [a] g1 due 480"),
        Row(10, .ask("b"), "wait fetch 2 unknown_key | fresh [a] g1 in flight"),
        Row(11, .unchanged(2, leavesDoubt: true), "counted fetch 3 second_look | fresh [a] g1 in flight"),
        Row(11, .ask("b"), "wait | fresh [a] g1 in flight"),
        Row(12, .keys(3, ["b"]), "counted | fresh [b] g2 due 492"),
        // Once in a cool-down.
        Row(20, .ask("c"), "wait fetch 4 unknown_key | fresh [b] g2 in flight"),
        Row(21, .unchanged(4, leavesDoubt: true), "counted | fresh [b] g2 due 501"),
        Row(22, .ask("c"), "unknown | fresh [b] g2 due 501"),
        Row(300, .ask("d"), "wait fetch 5 unknown_key | fresh [b] g2 in flight"),
        Row(300, .keys(5, ["a"], leavesDoubt: true), "counted fetch 6 second_look | fresh [a] g3 in flight"),
        Row(301, .unchanged(6, leavesDoubt: true), "counted | fresh [a] g3 due 781"),
        Row(302, .ask("d"), "unknown | fresh [a] g3 due 781"),
      ]),
    Scenario(
      name: "chance brings a refresh forward to 70 % of the lifetime, and halves the delays of retries",
      chance: .least,
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .fault(1), "counted | empty due 0.5 failures 1"),
        Row(0.5, .timer, "fetch 2 retry | empty in flight failures 1"),
        Row(0.5, .keys(2, ["a"]), "counted | fresh [a] g1 due 420.5"),
        Row(420.5, .timer, "fetch 3 schedule | fresh [a] g1 in flight"),
        Row(420.5, .fault(3), "counted | fresh [a] g1 due 425.5 cooling 30 failures 1"),
        Row(425.5, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 25 failures 1"),
        Row(425.5, .fault(4), "counted | fresh [a] g1 due 435.5 cooling 30 failures 2"),
      ]),
    Scenario(
      name: "chance puts a refresh off to 90 % of the lifetime, and never lengthens the delays of retries",
      chance: .most,
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .fault(1), "counted | empty due 1 failures 1"),
        Row(1, .timer, "fetch 2 retry | empty in flight failures 1"),
        Row(1, .keys(2, ["a"]), "counted | fresh [a] g1 due 541"),
        Row(541, .timer, "fetch 3 schedule | fresh [a] g1 in flight"),
        Row(541, .fault(3), "counted | fresh [a] g1 due 551 cooling 30 failures 1"),
        Row(551, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 20 failures 1"),
        Row(551, .fault(4), "counted | fresh [a] g1 due 571 cooling 30 failures 2"),
      ]),
    Scenario(
      name: "a 304 starts the lifetime anew and keeps the generation",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(500, .unchanged(2), "counted | fresh [a] g1 due 980"),
        Row(1099, .look, "nothing | fresh [a] g1 due 980"),
        Row(1100, .look, "nothing | stale 600 [a] g1 due 980"),
      ]),
    Scenario(
      name: "headers shorten the lifetime, not below a minute, and never lengthen it",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"], lifetime: 300), "counted | fresh [a] g1 due 240"),
        Row(240, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(240, .unchanged(2, lifetime: 0), "counted | fresh [a] g1 due 288"),
        Row(288, .timer, "fetch 3 schedule | fresh [a] g1 in flight"),
        Row(300, .unchanged(3, lifetime: 86400), "counted | fresh [a] g1 due 780"),
      ]),
    Scenario(
      name: "an operator's lifetime below a minute counts whatever the headers say",
      settings: RefreshSettings(refresh: .seconds(20), savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"], lifetime: 0), "counted | fresh [a] g1 due 16"),
      ]),
    Scenario(
      name: "a failed refresh changes nothing, and the next attempts move away to five minutes",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(485, .fault(2), "counted | fresh [a] g1 due 492.5 cooling 25 failures 1"),
        Row(492.5, .timer, "fetch 3 retry | fresh [a] g1 in flight cooling 17.5 failures 1"),
        Row(495, .fault(3), "counted | fresh [a] g1 due 510 cooling 27.5 failures 2"),
        Row(510, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 12.5 failures 2"),
        Row(510, .fault(4), "counted | fresh [a] g1 due 540 cooling 30 failures 3"),
        Row(540, .timer, "fetch 5 retry | fresh [a] g1 in flight failures 3"),
        Row(540, .fault(5), "counted | fresh [a] g1 due 600 cooling 30 failures 4"),
        Row(600, .timer, "fetch 6 retry | stale 600 [a] g1 in flight failures 4"),
        Row(600, .fault(6), "counted | stale 600 [a] g1 due 720 cooling 30 failures 5"),
        Row(720, .timer, "fetch 7 retry | stale 720 [a] g1 in flight failures 5"),
        Row(720, .fault(7), "counted | stale 720 [a] g1 due 945 cooling 30 failures 6"),
        Row(945, .timer, "fetch 8 retry | stale 945 [a] g1 in flight failures 6"),
        Row(945, .fault(8), "counted | stale 945 [a] g1 due 1170 cooling 30 failures 7"),
        Row(1170, .timer, "fetch 9 retry | stale 1170 [a] g1 in flight failures 7"),
        Row(1171, .keys(9, ["b"]), "counted | fresh [b] g2 due 1651"),
      ]),
    Scenario(
      name: "stale keys expire at max_stale, an attempt is made then, and from there on the pace is quick",
      settings: RefreshSettings(maximumStale: .seconds(100), savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(690, .fault(2), "counted | stale 690 [a] g1 due 697.5 failures 1"),
        Row(697.5, .timer, "fetch 3 retry | stale 697 [a] g1 in flight failures 1"),
        Row(697.5, .fault(3), "counted | stale 697 [a] g1 due 700 cooling 30 failures 2"),
        Row(699.9, .look, "nothing | stale 699 [a] g1 due 700 cooling 27.6 failures 2"),
        Row(700, .timer, "fetch 4 retry | expired [a] g1 in flight failures 2"),
        Row(700, .ask("a"), "wait | expired [a] g1 in flight failures 2"),
        Row(700, .fault(4), "counted | expired [a] g1 due 703 failures 3"),
        Row(701, .ask("a"), "unavailable 2 | expired [a] g1 due 703 failures 3"),
        Row(703, .timer, "fetch 5 retry | expired [a] g1 in flight failures 3"),
        Row(704, .unchanged(5), "counted | fresh [a] g1 due 1184"),
      ]),
    Scenario(
      name: "with max_stale 0 keys end with their lifetime",
      settings: RefreshSettings(maximumStale: .zero, savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(600, .look, "nothing | expired [a] g1 due 480"),
      ]),
    Scenario(
      name: "at start-up attempts are quick, and bounded at half a minute",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .ask("a"), "wait | empty in flight"),
        Row(0, .fault(1), "counted | empty due 0.75 failures 1"),
        Row(0.25, .ask("a"), "unavailable 0.5 | empty due 0.75 failures 1"),
        Row(0.75, .timer, "fetch 2 retry | empty in flight failures 1"),
        Row(1, .fault(2), "counted | empty due 2.5 failures 2"),
        Row(2.5, .timer, "fetch 3 retry | empty in flight failures 2"),
        Row(3, .fault(3), "counted | empty due 6 failures 3"),
        Row(6, .timer, "fetch 4 retry | empty in flight failures 3"),
        Row(6, .fault(4), "counted | empty due 12 failures 4"),
        Row(12, .timer, "fetch 5 retry | empty in flight failures 4"),
        Row(12, .fault(5), "counted | empty due 24 failures 5"),
        Row(24, .timer, "fetch 6 retry | empty in flight failures 5"),
        Row(24, .fault(6), "counted | empty due 46.5 failures 6"),
        Row(46.5, .timer, "fetch 7 retry | empty in flight failures 6"),
        Row(46.5, .fault(7), "counted | empty due 69 failures 7"),
      ]),
    Scenario(
      name: "a kid that a fetch proved absent is unknown, and so is any other within the cool-down",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(1, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(1, .ask("y"), "wait | fresh [a] g1 in flight cooling 30"),
        Row(2, .unchanged(2), "counted | fresh [a] g1 due 482 cooling 29"),
        Row(2, .ask("x"), "unknown | fresh [a] g1 due 482 cooling 29"),
        Row(3, .ask("z"), "unknown | fresh [a] g1 due 482 cooling 28"),
        Row(30.9, .ask("z"), "unknown | fresh [a] g1 due 482 cooling 0.1"),
        Row(31, .ask("z"), "wait fetch 3 unknown_key | fresh [a] g1 in flight cooling 30"),
      ]),
    Scenario(
      name: "a rotation right after a refresh on schedule is noticed at once",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(480, .ask("b"), "wait | fresh [a] g1 in flight"),
        Row(481, .unchanged(2), "counted | fresh [a] g1 due 961"),
        Row(481, .ask("b"), "wait fetch 3 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(482, .keys(3, ["a", "b"]), "counted | fresh [a b] g2 due 962 cooling 29"),
      ]),
    Scenario(
      name:
        "the cool-down counts from the attempt, after a failed one the answer is unavailable, and a success ends that one",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(10, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(15, .fault(2), "counted | fresh [a] g1 due 22.5 cooling 25 failures 1"),
        Row(16, .ask("x"), "unavailable 6.5 | fresh [a] g1 due 22.5 cooling 24 failures 1"),
        Row(22.5, .timer, "fetch 3 retry | fresh [a] g1 in flight cooling 17.5 failures 1"),
        Row(23, .ask("x"), "wait | fresh [a] g1 in flight cooling 17 failures 1"),
        Row(24, .fault(3), "counted | fresh [a] g1 due 39 cooling 28.5 failures 2"),
        Row(39, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 13.5 failures 2"),
        Row(40, .unchanged(4), "counted | fresh [a] g1 due 520"),
        Row(41, .ask("x"), "wait fetch 5 unknown_key | fresh [a] g1 in flight cooling 30"),
      ]),
    Scenario(
      name: "unknown kids shorten a long back-off to one cool-down, not further",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(480, .fault(2), "counted | fresh [a] g1 due 487.5 cooling 30 failures 1"),
        Row(487.5, .timer, "fetch 3 retry | fresh [a] g1 in flight cooling 22.5 failures 1"),
        Row(487.5, .fault(3), "counted | fresh [a] g1 due 502.5 cooling 30 failures 2"),
        Row(502.5, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 15 failures 2"),
        Row(502.5, .fault(4), "counted | fresh [a] g1 due 532.5 cooling 30 failures 3"),
        Row(532.5, .timer, "fetch 5 retry | fresh [a] g1 in flight failures 3"),
        Row(532.5, .fault(5), "counted | fresh [a] g1 due 592.5 cooling 30 failures 4"),
        Row(562, .ask("x"), "unavailable 0.5 | fresh [a] g1 due 592.5 cooling 0.5 failures 4"),
        Row(562.5, .ask("x"), "wait fetch 6 unknown_key | fresh [a] g1 in flight cooling 30 failures 4"),
        Row(563, .fault(6), "counted | fresh [a] g1 due 683 cooling 29.5 failures 5"),
        Row(564, .ask("x"), "unavailable 28.5 | fresh [a] g1 due 683 cooling 28.5 failures 5"),
      ]),
    Scenario(
      name: "a kid that keeps being absent holds back itself for longer, and no other",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(0, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(0, .unchanged(2), "counted | fresh [a] g1 due 480 cooling 30"),
        Row(30, .ask("x"), "wait fetch 3 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(30, .unchanged(3), "counted | fresh [a] g1 due 510 cooling 30"),
        Row(104, .ask("x"), "unknown | fresh [a] g1 due 510"),
        Row(104, .ask("y"), "wait fetch 4 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(104, .unchanged(4), "counted | fresh [a] g1 due 584 cooling 30"),
        Row(134, .ask("x"), "wait fetch 5 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(134, .unchanged(5), "counted | fresh [a] g1 due 614 cooling 30"),
        Row(283, .ask("x"), "unknown | fresh [a] g1 due 614"),
        Row(284, .ask("x"), "wait fetch 6 unknown_key | fresh [a] g1 in flight cooling 30"),
      ]),
    Scenario(
      name: "the second hold of an absent kid is two cool-downs at least",
      chance: .least,
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 420"),
        Row(0, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(1, .unchanged(2), "counted | fresh [a] g1 due 421 cooling 29"),
        Row(30, .ask("x"), "wait fetch 3 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(31, .unchanged(3), "counted | fresh [a] g1 due 451 cooling 29"),
        Row(89.9, .ask("x"), "unknown | fresh [a] g1 due 451"),
        Row(90, .ask("x"), "wait fetch 4 unknown_key | fresh [a] g1 in flight cooling 30"),
      ]),
    Scenario(
      name:
        "chance stretches the second hold of an absent kid to three cool-downs at most, so that a fleet drifts apart",
      chance: .most,
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 540"),
        Row(0, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(1, .unchanged(2), "counted | fresh [a] g1 due 541 cooling 29"),
        Row(30, .ask("x"), "wait fetch 3 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(31, .unchanged(3), "counted | fresh [a] g1 due 571 cooling 29"),
        Row(119.9, .ask("x"), "unknown | fresh [a] g1 due 571"),
        Row(120, .ask("x"), "wait fetch 4 unknown_key | fresh [a] g1 in flight cooling 30"),
      ]),
    Scenario(
      name: "a cool-down is a second at least",
      settings: RefreshSettings(unknownKeyCooldown: .zero, savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(0, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 1"),
      ]),
    Scenario(
      name: "a request that comes before the start begins the first fetch, and the start joins it",
      rows: [
        Row(0, .ask("a"), "wait fetch 1 unknown_key | empty in flight"),
        Row(0, .start, "nothing | empty in flight"),
        Row(1, .keys(1, ["a"]), "counted | fresh [a] g1 due 481 cooling 29"),
      ]),
    Scenario(
      name: "without keys a cool-down says nothing about when to ask again, only the next attempt does",
      settings: RefreshSettings(unknownKeyCooldown: .seconds(2), savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .fault(1), "counted | empty due 0.75 failures 1"),
        Row(0.75, .timer, "fetch 2 retry | empty in flight failures 1"),
        Row(1, .fault(2), "counted | empty due 2.5 failures 2"),
        Row(2.5, .timer, "fetch 3 retry | empty in flight failures 2"),
        Row(3, .fault(3), "counted | empty due 6 failures 3"),
        Row(3.5, .ask("a"), "unavailable 2.5 | empty due 6 failures 3"),
      ]),
    Scenario(
      name: "whoever looked into a set that was just replaced is told to look again",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(1, .ask("b", generation: 0), "look again | fresh [a] g1 due 480"),
      ]),
    Scenario(
      name: "a request that may not wait starts the fetch and is refused",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(1, .ask("b", mayWait: false), "unavailable 1 fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(5.8, .ask("b", mayWait: false), "unavailable 0.2 | fresh [a] g1 in flight cooling 25.2"),
        // Past the bound of one fetch nobody is told to ask again at once.
        Row(6, .ask("b", mayWait: false), "unavailable 0.1 | fresh [a] g1 in flight cooling 25"),
        Row(7, .ask("b", mayWait: false), "unavailable 0.1 | fresh [a] g1 in flight cooling 24"),
      ]),
    Scenario(
      name: "an explicit refresh joins a fetch in flight and starts one in ten seconds at most",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .refresh, "wait | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(1, .refresh, "wait fetch 2 request | fresh [a] g1 in flight"),
        Row(2, .refresh, "wait | fresh [a] g1 in flight"),
        Row(3, .unchanged(2), "counted | fresh [a] g1 due 483"),
        Row(4, .refresh, "limited 7 | fresh [a] g1 due 483"),
        Row(4, .ask("b"), "wait fetch 3 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(5, .refresh, "wait | fresh [a] g1 in flight cooling 29"),
        Row(5, .unchanged(3), "counted | fresh [a] g1 due 485 cooling 29"),
        Row(11, .refresh, "wait fetch 4 request | fresh [a] g1 in flight cooling 23"),
      ]),
    Scenario(
      name: "a fetch that never ends is given up, and its late answer does not count",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(490, .timer, "nothing | fresh [a] g1 in flight"),
        Row(491, .timer, "nothing | fresh [a] g1 due 498.5 cooling 19 failures 1"),
        Row(498.5, .timer, "fetch 3 retry | fresh [a] g1 in flight cooling 11.5 failures 1"),
        Row(499, .keys(2, ["old"]), "ignored | fresh [a] g1 in flight cooling 11 failures 1"),
        Row(499, .unchanged(2), "ignored | fresh [a] g1 in flight cooling 11 failures 1"),
        Row(499, .fault(2), "ignored | fresh [a] g1 in flight cooling 11 failures 1"),
        Row(499, .keys(3, ["new"]), "counted | fresh [new] g2 due 979"),
        Row(499, .keys(2, ["old"]), "ignored | fresh [new] g2 due 979"),
        Row(499, .fault(2), "ignored | fresh [new] g2 due 979"),
        Row(499, .unchanged(3), "ignored | fresh [new] g2 due 979"),
      ]),
    Scenario(
      name: "a 304 to a first request is a failure",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .unchanged(1), "counted | empty due 0.75 failures 1"),
      ]),
    Scenario(
      name: "keys from the disk are as old as they are, the first fetch is at once, and a newer set is not displaced",
      rows: [
        Row(0, .seed(["d"], age: 700), "nothing | stale 700 [d] g1"),
        Row(0, .start, "fetch 1 start | stale 700 [d] g1 in flight"),
        Row(0, .fault(1), "counted | stale 700 [d] g1 due 7.5 cooling 30 failures 1"),
        Row(7.5, .timer, "fetch 2 retry | stale 707 [d] g1 in flight cooling 22.5 failures 1"),
        Row(8, .keys(2, ["a"]), "counted | fresh [a] g2 due 488"),
        Row(9, .seed(["d"], age: 0), "nothing | fresh [a] g2 due 488"),
      ]),
    Scenario(
      name: "keys from the disk that are too old are not used",
      rows: [Row(0, .seed(["d"], age: 87000), "nothing | expired [d] g1")]),
    Scenario(
      name: "a file is never stale, and only its changes read it again",
      settings: RefreshSettings(renewal: .fileChanges, savedFetches: 1),
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"], lifetime: 60), "counted | fresh [a] g1"),
        Row(999_999, .ask("x"), "unknown | fresh [a] g1"),
        Row(999_999, .file, "fetch 2 file_change | fresh [a] g1 in flight"),
        Row(999_999, .ask("x"), "wait | fresh [a] g1 in flight"),
        Row(999_999, .file, "nothing | fresh [a] g1 in flight"),
        Row(1_000_000, .fault(2), "counted fetch 3 file_change | fresh [a] g1 in flight cooling 29 failures 1"),
        Row(1_000_000, .fault(3), "counted | fresh [a] g1 due 1000015 cooling 30 failures 2"),
        Row(1_000_001, .ask("x"), "unavailable 14 | fresh [a] g1 due 1000015 cooling 29 failures 2"),
        Row(1_000_015, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 15 failures 2"),
        Row(1_000_015, .keys(4, ["x"]), "counted | fresh [x] g2"),
      ]),
    Scenario(
      name: "a reload works out the bounds anew and keeps the keys",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(
          100, .settings(RefreshSettings(refresh: .seconds(60), maximumStale: .seconds(60), savedFetches: 1)),
          "nothing | stale 100 [a] g1 due 48"),
        Row(100, .timer, "fetch 2 schedule | stale 100 [a] g1 in flight"),
        Row(
          100, .settings(RefreshSettings(savedFetches: 1), sourceChanged: true),
          "fetch 3 reload | fresh [a] g1 in flight"),
        Row(101, .keys(2, ["old way"]), "ignored | fresh [a] g1 in flight"),
        Row(101, .keys(3, ["b"]), "counted | fresh [b] g2 due 581"),
      ]),
    Scenario(
      name: "a reload that brings the end of the keys' use nearer brings an attempt at it",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(480, .timer, "fetch 2 schedule | fresh [a] g1 in flight"),
        Row(480, .fault(2), "counted | fresh [a] g1 due 487.5 cooling 30 failures 1"),
        Row(490, .timer, "fetch 3 retry | fresh [a] g1 in flight cooling 20 failures 1"),
        Row(490, .fault(3), "counted | fresh [a] g1 due 505 cooling 30 failures 2"),
        Row(510, .timer, "fetch 4 retry | fresh [a] g1 in flight cooling 10 failures 2"),
        Row(510, .fault(4), "counted | fresh [a] g1 due 540 cooling 30 failures 3"),
        Row(
          511, .settings(RefreshSettings(refresh: .seconds(60), maximumStale: .seconds(460), savedFetches: 1)),
          "nothing | stale 511 [a] g1 due 520 cooling 29 failures 3"),
      ]),
    Scenario(
      name: "a reload that ends the keys' use ends the slow pace too",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(700, .timer, "fetch 2 schedule | stale 700 [a] g1 in flight"),
        Row(700, .fault(2), "counted | stale 700 [a] g1 due 707.5 cooling 30 failures 1"),
        Row(
          701, .settings(RefreshSettings(maximumStale: .zero, savedFetches: 1)),
          "nothing | expired [a] g1 due 702 failures 1"
        ),
      ]),
    Scenario(
      name: "a reload that brings the end of the keys' use before the next attempt brings that forward to it",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(700, .timer, "fetch 2 schedule | stale 700 [a] g1 in flight"),
        Row(700, .fault(2), "counted | stale 700 [a] g1 due 707.5 cooling 30 failures 1"),
        Row(
          701, .settings(RefreshSettings(maximumStale: .seconds(105), savedFetches: 1)),
          "nothing | stale 701 [a] g1 due 705 cooling 29 failures 1"),
        Row(
          701, .settings(RefreshSettings(maximumStale: .seconds(101.5), savedFetches: 1)),
          "nothing | stale 701 [a] g1 due 702 cooling 29 failures 1"),
        Row(
          701, .settings(RefreshSettings(maximumStale: .seconds(300), savedFetches: 1)),
          "nothing | stale 701 [a] g1 due 702 cooling 29 failures 1"),
      ]),
    Scenario(
      name: "a reload with another source ends what went wrong with the one before",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(1, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(1, .unchanged(2), "counted | fresh [a] g1 due 481 cooling 30"),
        // The cool-down, and what was proven absent there.
        Row(
          2, .settings(RefreshSettings(savedFetches: 1), sourceChanged: true), "fetch 3 reload | fresh [a] g1 in flight"
        ),
        Row(2, .unchanged(3), "counted | fresh [a] g1 due 482"),
        Row(3, .ask("x"), "wait fetch 4 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(3, .unchanged(4), "counted | fresh [a] g1 due 483 cooling 30"),
        Row(4, .refresh, "wait fetch 5 request | fresh [a] g1 in flight cooling 29"),
        Row(5, .fault(5), "counted | fresh [a] g1 due 12.5 cooling 29 failures 1"),
        // The failures, and the cool-down that they began.
        Row(
          6, .settings(RefreshSettings(savedFetches: 1), sourceChanged: true), "fetch 6 reload | fresh [a] g1 in flight"
        ),
      ]),
    Scenario(
      name: "a reload with a shorter cool-down shortens the one that lasts, whatever began it",
      rows: [
        Row(0, .start, "fetch 1 start | empty in flight"),
        Row(0, .keys(1, ["a"]), "counted | fresh [a] g1 due 480"),
        Row(1, .ask("x"), "wait fetch 2 unknown_key | fresh [a] g1 in flight cooling 30"),
        Row(1, .unchanged(2), "counted | fresh [a] g1 due 481 cooling 30"),
        Row(
          2, .settings(RefreshSettings(unknownKeyCooldown: .seconds(5), savedFetches: 1)),
          "nothing | fresh [a] g1 due 481 cooling 5"),
        Row(2, .settings(RefreshSettings(savedFetches: 1)), "nothing | fresh [a] g1 due 481 cooling 5"),
        Row(481, .timer, "fetch 3 schedule | fresh [a] g1 in flight"),
        Row(481, .fault(3), "counted | fresh [a] g1 due 488.5 cooling 30 failures 1"),
        Row(
          482, .settings(RefreshSettings(unknownKeyCooldown: .seconds(5), savedFetches: 1)),
          "nothing | fresh [a] g1 due 488.5 cooling 5 failures 1"),
      ]),
  ]
}
