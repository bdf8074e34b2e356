/*
 * A fake printer for measuring hosts: pseudo-terminals that answer as Marlin 2 does, at once or as slowly as a real
 * wire. Nothing heats and nothing moves; what counts is when a line came and when its answer left.
 *
 *   fake_printer FOLDER PORTS [BAUD LATENCY_US RX_BYTES]
 *
 * Makes FOLDER/port0 ... and says {"ev":"ready"}. For every port it says {"ev":"begin","port":0} at the line
 * M117 BENCH_BEGIN and, at M117 BENCH_END, {"ev":"end","port":0,"lines":...,"bytes":...,"ns":...,"resends":...,
 * "overruns":...}: what came between the two, both included, and how long it took. Ends with its standard input.
 *
 * The wire: LATENCY_US each way (a USB bridge's timer), 10 bits a byte at BAUD, a receive ring of RX_BYTES that a line
 * leaves when one of QUEUE places for commands is free. A line for which the ring has no room is lost without a word.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_MAX = 32, LINE_MAX_BYTES = 256, QUEUE = 4, RING_LINES = 512, WAITING = 256, ANSWER_MAX = 320 };
enum { EXECUTE_NS = 200000 }; /* what a planner takes for a line, with a modelled wire */

typedef struct { uint64_t due; int bytes; char text[ANSWER_MAX]; } answer_t;
typedef struct { uint64_t taken; int bytes; } held_t;

typedef struct {
    int host;                       /* our end of the pseudo-terminal */
    char line[LINE_MAX_BYTES];
    int length;
    long last, lines, bytes, resends, overruns;
    uint64_t begun;
    uint64_t wire_in_free, wire_out_free, done[QUEUE];
    unsigned turn;                  /* which place of the queue is next */
    held_t ring[RING_LINES];
    unsigned ring_from, ring_to;
    answer_t waiting[WAITING];
    unsigned from, to;
} port_t;

static port_t ports[PORTS_MAX];
static uint64_t byte_ns, latency_ns;
static long rx_bytes;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put(port_t *p, const char *text, int bytes)
{
    while (bytes > 0) {
        ssize_t n = write(p->host, text, (size_t)bytes);
        if (n > 0) { text += n; bytes -= (int)n; continue; }
        if (errno != EAGAIN) return;
        struct pollfd room = {p->host, POLLOUT, 0};
        poll(&room, 1, 100);
    }
}

/* Answer when the command is done: at once, or when the wire has carried it. */
static void answer(port_t *p, uint64_t done, const char *text)
{
    int bytes = (int)strlen(text);
    if (!byte_ns) { put(p, text, bytes); return; }
    if (p->to - p->from == WAITING || bytes > ANSWER_MAX) { fprintf(stderr, "too much to answer\n"); exit(1); }
    uint64_t begin = done > p->wire_out_free ? done : p->wire_out_free;
    p->wire_out_free = begin + (uint64_t)bytes * byte_ns;
    answer_t *a = &p->waiting[p->to++ % WAITING];
    a->due = p->wire_out_free + latency_ns;
    a->bytes = bytes;
    memcpy(a->text, text, (size_t)bytes);
}

/* When the line that is on the wire now will have been executed; 0 when the ring has no room for it. */
static uint64_t execute(port_t *p, uint64_t t, int bytes)
{
    if (!byte_ns) return t;
    uint64_t begin = t + latency_ns > p->wire_in_free ? t + latency_ns : p->wire_in_free;
    uint64_t here = p->wire_in_free = begin + (uint64_t)bytes * byte_ns;
    long held = 0;
    while (p->ring_from != p->ring_to && p->ring[p->ring_from % RING_LINES].taken <= here) p->ring_from++;
    for (unsigned i = p->ring_from; i != p->ring_to; i++) held += p->ring[i % RING_LINES].bytes;
    if (held + bytes > rx_bytes) { p->overruns++; return 0; }
    uint64_t room = p->done[p->turn % QUEUE], taken = here > room ? here : room;
    uint64_t before = p->done[(p->turn + QUEUE - 1) % QUEUE];
    uint64_t done = (taken > before ? taken : before) + EXECUTE_NS;
    p->done[p->turn++ % QUEUE] = done;
    p->ring[p->ring_to++ % RING_LINES] = (held_t){taken, bytes};
    return done;
}

static void refuse(port_t *p, uint64_t done, const char *why)
{
    char text[ANSWER_MAX];
    snprintf(text, sizeof text, "Error:%s, Last Line: %ld\nResend: %ld\nok\n", why, p->last, p->last + 1);
    p->resends++;
    answer(p, done, text);
}

/* Number and checksum, as Marlin judges them: 1 take it, 0 it was answered or dropped. */
static int judge(port_t *p, uint64_t done, char *line)
{
    if (*line != 'N') return 1;
    char *rest, *star = strrchr(line, '*');
    long number = strtol(line + 1, &rest, 10);
    int sets = strstr(line, "M110") != NULL;
    if (!sets && (number == p->last || number == p->last - 1)) return 0;
    if (!sets && number != p->last + 1) { refuse(p, done, "Line Number is not Last Line Number+1"); return 0; }
    if (!star) { refuse(p, done, "No Checksum with line number"); return 0; }
    int sum = 0;
    for (char *c = line; c < star; c++) sum ^= (unsigned char)*c;
    if (strtol(star + 1, NULL, 10) != sum) { refuse(p, done, "checksum mismatch"); return 0; }
    p->last = number;
    *star = 0;
    memmove(line, rest + strspn(rest, " "), strlen(rest) + 1 - strspn(rest, " "));
    return 1;
}

static void obey(port_t *p, uint64_t t, uint64_t done, const char *command)
{
    static const char *heat = "T:209.96 /210.00 B:60.02 /60.00 @:64 B@:32";
    char text[ANSWER_MAX];
    int port = (int)(p - ports);
    if (!strcmp(command, "M117 BENCH_BEGIN")) {
        p->begun = t, p->lines = 1, p->bytes = 0, p->resends = p->overruns = 0;
        printf("{\"ev\":\"begin\",\"port\":%d}\n", port);
    } else if (!strcmp(command, "M117 BENCH_END")) {
        printf("{\"ev\":\"end\",\"port\":%d,\"lines\":%ld,\"bytes\":%ld,\"ns\":%llu,\"resends\":%ld,\"overruns\":%ld}\n",
               port, p->lines, p->bytes, (unsigned long long)(t - p->begun), p->resends, p->overruns);
    }
    if (!strncmp(command, "M115", 4))
        answer(p, done, "FIRMWARE_NAME:Marlin 2.1.2 (fake) SOURCE_CODE_URL:none PROTOCOL_VERSION:1.0 MACHINE_TYPE:Fake "
                        "EXTRUDER_COUNT:1\nCap:AUTOREPORT_TEMP:1\nCap:THERMAL_PROTECTION:1\nCap:ARCS:1\nok\n");
    else if (!strncmp(command, "M105", 4)) {
        snprintf(text, sizeof text, "ok %s\n", heat);
        answer(p, done, text);
    } else if (!strncmp(command, "M114", 4))
        answer(p, done, "X:10.00 Y:10.00 Z:0.20 E:0.00 Count X:800 Y:800 Z:80\nok\n");
    else
        answer(p, done, "ok\n");
    fflush(stdout);
}

static void take(port_t *p, uint64_t t)
{
    int bytes = p->length + 1;
    p->line[p->length] = 0;
    p->length = 0;
    uint64_t done = execute(p, t, bytes);
    if (!done) return;
    p->lines++, p->bytes += bytes;
    if (judge(p, done, p->line)) obey(p, t, done, p->line);
}

static void hear(port_t *p)
{
    char data[65536];
    ssize_t n = read(p->host, data, sizeof data);
    uint64_t t = now_ns();
    for (ssize_t i = 0; i < n; i++) {
        if (data[i] != '\n' && data[i] != '\r') {
            if (p->length < LINE_MAX_BYTES - 1) p->line[p->length++] = data[i];
        } else if (p->length) take(p, t);
    }
}

/* Send what is due; when the next answer is, or UINT64_MAX. */
static uint64_t tell(port_t *p, uint64_t t)
{
    while (p->from != p->to) {
        answer_t *a = &p->waiting[p->from % WAITING];
        if (a->due > t) return a->due;
        put(p, a->text, a->bytes);
        p->from++;
    }
    return UINT64_MAX;
}

static int open_port(port_t *p, const char *folder, int index)
{
    char path[PATH_MAX], name[256];
    int guest; /* stays open, so that a host may come and go */
    struct termios raw;
    if (openpty(&p->host, &guest, name, NULL, NULL) || tcgetattr(guest, &raw)) return -1;
    cfmakeraw(&raw);
    snprintf(path, sizeof path, "%s/port%d", folder, index);
    return tcsetattr(guest, TCSANOW, &raw) || fcntl(p->host, F_SETFL, O_NONBLOCK) || symlink(name, path);
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 0;
    if (count < 1 || count > PORTS_MAX || (argc != 3 && argc != 6)) {
        fprintf(stderr, "usage: fake_printer FOLDER PORTS [BAUD LATENCY_US RX_BYTES]\n");
        return 2;
    }
    if (argc == 6) byte_ns = 10000000000u / strtoull(argv[3], NULL, 10), latency_ns = strtoull(argv[4], NULL, 10) * 1000u,
                   rx_bytes = atol(argv[5]);
    struct pollfd watched[PORTS_MAX + 1];
    for (int i = 0; i < count; i++) {
        if (open_port(&ports[i], argv[1], i)) { perror("port"); return 1; }
        watched[i] = (struct pollfd){ports[i].host, POLLIN, 0};
    }
    watched[count] = (struct pollfd){0, POLLIN, 0};
    puts("{\"ev\":\"ready\"}");
    fflush(stdout);
    for (;;) {
        uint64_t t = now_ns(), next = UINT64_MAX;
        for (int i = 0; i < count; i++) {
            uint64_t due = tell(&ports[i], t);
            if (due < next) next = due;
        }
        uint64_t wait = next > t ? next - t : 0;
        struct timespec until = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        if (ppoll(watched, (nfds_t)count + 1, next == UINT64_MAX ? NULL : &until, NULL) < 0 && errno != EINTR) return 1;
        for (int i = 0; i < count; i++)
            if (watched[i].revents & POLLIN) hear(&ports[i]);
        if (watched[count].revents) {
            char byte[64];
            if (read(0, byte, sizeof byte) <= 0) return 0;
        }
    }
}
