/*
 * A fake printer for measuring hosts: pseudo-terminals that answer as Marlin 2 does, at once, at a planner's pace, or
 * as slowly as a real wire. Nothing heats and nothing moves; what counts is when a line came and when its answer left.
 *
 *   fake_printer FOLDER PORTS [BAUD LATENCY_US RX_BYTES]
 *
 * Makes FOLDER/port0 ... and says {"ev":"ready"}. For every port it says {"ev":"begin","port":0,"t":NS} at the line
 * M117 BENCH_BEGIN and, at M117 BENCH_END, {"ev":"end","port":0,"t":NS,"lines":...,"bytes":...,"ns":...,"resends":...,
 * "overruns":...,"starved":...,"reaction":[[US,COUNT],...]}: what came between the two, both included, and how long it
 * took. At every M112: {"ev":"m112","port":0,"t":NS}. NS is CLOCK_MONOTONIC. Ends with its standard input.
 *
 * The wire: LATENCY_US each way (a USB bridge's timer), 10 bits a byte at BAUD, a receive ring of RX_BYTES that a line
 * leaves when one of QUEUE places for commands is free. A line for which the ring has no room is lost without a word.
 *
 * The pace: "pace US" on standard input makes every move take so long; PLANNER moves are planned ahead and a move's ok
 * leaves when it has a place there. "starved" counts the moves that found the planner empty: the head stood still.
 *
 * The reaction of a host: from the moment before an ok is written to the read that brings the next line; of several
 * oks before that line the first counts. US is the upper bound of a bucket, at most 1/32 above the truth.
 *
 * M112 is seen as an emergency parser sees it, ahead of all queues. The printer says that it is halted, forgets
 * everything, and counts as switched off and on again at once.
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
enum { PLANNER = 16 };           /* BLOCK_BUFFER_SIZE, Marlin 2.1 Configuration_adv.h */
enum { EXECUTE_NS = 200000 };    /* what a line takes from the queue to the planner, with a modelled wire */
enum { FINE = 32, BUCKETS = FINE * 32 }; /* FINE buckets for every power of two of microseconds */

typedef struct { uint64_t due; int bytes; char text[ANSWER_MAX]; } answer_t;
typedef struct { uint64_t taken; int bytes; } held_t;

typedef struct {
    int host;                       /* our end of the pseudo-terminal */
    char line[LINE_MAX_BYTES];
    int length;
    long last, lines, bytes, resends, overruns, starved, moves;
    uint64_t begun, told;           /* told: when the first ok since the last line was written, or 0 */
    uint32_t reaction[BUCKETS];
    uint64_t wire_in_free, wire_out_free, done[QUEUE], moved[PLANNER];
    unsigned turn, move;            /* which place of the queue, of the planner is next */
    uint64_t report_ns, report_at;  /* M155 */
    held_t ring[RING_LINES];
    unsigned ring_from, ring_to;
    answer_t waiting[WAITING];
    unsigned from, to;
} port_t;

static port_t ports[PORTS_MAX];
static uint64_t byte_ns, latency_ns, pace_ns;
static long rx_bytes;
static const char *heat = "T:209.96 /210.00 B:60.02 /60.00 @:64 B@:32";

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static unsigned bucket(uint64_t us)
{
    unsigned shift = 0;
    while (us >> shift >= 2 * FINE) shift++;
    unsigned at = shift * FINE + (unsigned)(us >> shift);
    return at < BUCKETS ? at : BUCKETS - 1;
}

static uint64_t bound_us(unsigned at)
{
    unsigned shift = at < 2 * FINE ? 0 : at / FINE - 1;
    return ((uint64_t)(at - shift * FINE) + 1) << shift;
}

static void put(port_t *p, const char *text, int bytes)
{
    if (!p->told && bytes > 2 && strstr(text, "ok")) p->told = now_ns();
    while (bytes > 0) {
        ssize_t n = write(p->host, text, (size_t)bytes);
        if (n > 0) { text += n; bytes -= (int)n; continue; }
        if (errno != EAGAIN) return;
        struct pollfd room = {p->host, POLLOUT, 0};
        poll(&room, 1, 100);
    }
}

/* Answer when the command is done: at once, or at its time and when the wire has carried it. */
static void answer(port_t *p, uint64_t done, const char *text)
{
    int bytes = (int)strlen(text);
    if (!byte_ns && !pace_ns && p->from == p->to) { put(p, text, bytes); return; }
    if (p->to - p->from == WAITING || bytes >= ANSWER_MAX) { fprintf(stderr, "too much to answer\n"); exit(1); }
    uint64_t begin = done > p->wire_out_free ? done : p->wire_out_free;
    p->wire_out_free = begin + (uint64_t)bytes * byte_ns;
    answer_t *a = &p->waiting[p->to++ % WAITING];
    a->due = p->wire_out_free + latency_ns;
    a->bytes = bytes;
    memcpy(a->text, text, (size_t)bytes + 1);
}

/* When the line that is on the wire now has left it; 0 when the ring has no room for it. */
static uint64_t carry(port_t *p, uint64_t t, int bytes)
{
    if (!byte_ns) return t;
    uint64_t begin = t + latency_ns > p->wire_in_free ? t + latency_ns : p->wire_in_free;
    uint64_t here = p->wire_in_free = begin + (uint64_t)bytes * byte_ns;
    long held = 0;
    while (p->ring_from != p->ring_to && p->ring[p->ring_from % RING_LINES].taken <= here) p->ring_from++;
    for (unsigned i = p->ring_from; i != p->ring_to; i++) held += p->ring[i % RING_LINES].bytes;
    if (held + bytes > rx_bytes) { p->overruns++; return 0; }
    return here;
}

/* When the planner has a place for this move. */
static uint64_t plan(port_t *p, uint64_t t)
{
    uint64_t last = p->moved[(p->move + PLANNER - 1) % PLANNER], room = p->moved[p->move % PLANNER];
    if (room > t) t = room;
    if (p->moves++ >= PLANNER && last < t) p->starved++;
    p->moved[p->move++ % PLANNER] = (last > t ? last : t) + pace_ns;
    return t;
}

/* When this line, here at a time, will have been executed: its ok is due. */
static uint64_t execute(port_t *p, uint64_t here, const char *line, int bytes)
{
    if (!byte_ns && !pace_ns) return here;
    const char *command = line + (*line == 'N' ? 1 + strspn(line + 1, "0123456789 ") : 0);
    uint64_t room = p->done[p->turn % QUEUE], taken = here > room ? here : room;
    uint64_t before = p->done[(p->turn + QUEUE - 1) % QUEUE];
    uint64_t done = (taken > before ? taken : before) + (byte_ns ? EXECUTE_NS : 0);
    if (pace_ns && *command == 'G' && strchr("0123", command[1]) && command[2] == ' ') done = plan(p, done);
    p->done[p->turn++ % QUEUE] = done;
    if (byte_ns) p->ring[p->ring_to++ % RING_LINES] = (held_t){taken, bytes};
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

static void say_end(port_t *p, uint64_t t)
{
    printf("{\"ev\":\"end\",\"port\":%d,\"t\":%llu,\"lines\":%ld,\"bytes\":%ld,\"ns\":%llu,\"resends\":%ld,"
           "\"overruns\":%ld,\"starved\":%ld,\"reaction\":[", (int)(p - ports), (unsigned long long)t, p->lines,
           p->bytes, (unsigned long long)(t - p->begun), p->resends, p->overruns, p->starved);
    const char *between = "";
    for (unsigned at = 0; at < BUCKETS; at++) {
        if (!p->reaction[at]) continue;
        printf("%s[%llu,%u]", between, (unsigned long long)bound_us(at), p->reaction[at]);
        between = ",";
    }
    puts("]}");
}

static void begin(port_t *p, uint64_t t)
{
    p->begun = t, p->lines = 1, p->bytes = 0, p->resends = p->overruns = p->starved = p->moves = 0;
    memset(p->reaction, 0, sizeof p->reaction);
    printf("{\"ev\":\"begin\",\"port\":%d,\"t\":%llu}\n", (int)(p - ports), (unsigned long long)t);
}

static void halt(port_t *p, uint64_t t)
{
    printf("{\"ev\":\"m112\",\"port\":%d,\"t\":%llu}\n", (int)(p - ports), (unsigned long long)t);
    p->from = p->to, p->ring_from = p->ring_to;
    p->last = 0, p->wire_in_free = p->wire_out_free = p->told = p->report_ns = 0;
    memset(p->done, 0, sizeof p->done);
    memset(p->moved, 0, sizeof p->moved);
    answer(p, t, "Error:Printer halted. kill() called!\n");
}

static void obey(port_t *p, uint64_t t, uint64_t done, const char *command)
{
    char text[ANSWER_MAX];
    if (!strcmp(command, "M117 BENCH_BEGIN")) begin(p, t);
    else if (!strcmp(command, "M117 BENCH_END")) say_end(p, t);
    else if (!strncmp(command, "M155 S", 6)) {
        p->report_ns = strtoull(command + 6, NULL, 10) * 1000000000u;
        p->report_at = t + p->report_ns;
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
    if (p->told && t >= p->told) p->reaction[bucket((t - p->told) / 1000)]++, p->told = 0;
    const char *stop = strstr(p->line, "M112");
    if (stop && (stop == p->line || *p->line == 'N')) { halt(p, t); fflush(stdout); return; }
    uint64_t here = carry(p, t, bytes);
    if (!here) return;
    uint64_t done = execute(p, here, p->line, bytes);
    p->lines++, p->bytes += bytes;
    if (judge(p, done, p->line)) obey(p, here, done, p->line);
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

/* Send what is due; when the next is, or UINT64_MAX. */
static uint64_t tell(port_t *p, uint64_t t)
{
    if (p->report_ns && p->report_at <= t) {
        char text[ANSWER_MAX];
        snprintf(text, sizeof text, " %s\n", heat);
        answer(p, t, text);
        p->report_at = t + p->report_ns;
    }
    uint64_t next = p->report_ns ? p->report_at : UINT64_MAX;
    while (p->from != p->to) {
        answer_t *a = &p->waiting[p->from % WAITING];
        if (a->due > t) return a->due < next ? a->due : next;
        put(p, a->text, a->bytes);
        p->from++;
    }
    return next;
}

/* Heed the harness; false at its end. */
static int heed(void)
{
    char words[256];
    ssize_t n = read(0, words, sizeof words - 1);
    if (n <= 0) return 0;
    words[n] = 0;
    if (!strncmp(words, "pace ", 5)) pace_ns = strtoull(words + 5, NULL, 10) * 1000u;
    return 1;
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
    if (argc == 6) {
        byte_ns = 10000000000u / strtoull(argv[3], NULL, 10);
        latency_ns = strtoull(argv[4], NULL, 10) * 1000u;
        rx_bytes = atol(argv[5]);
    }
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
        if (watched[count].revents && !heed()) return 0;
    }
}
