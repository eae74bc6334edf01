/* SPDX-License-Identifier: MIT */
/*
 * Draws a plot. Two panels share the axis of time: sequence numbers above, windows in segments below; the legend is on
 * the right. Colours are classes of one style sheet, which has a second set for readers whose surroundings are dark.
 */
#include "cmd/plot.h"

enum { WIDTH = 1080, HEIGHT = 720, LEFT = 84, RIGHT = 840, TOP = 64, MIDDLE = 480, LOW = 520, BOTTOM = 664 };

/* A panel's scale: values from lo to hi between two edges of the picture. */
struct scale {
    double lo, hi;
    int at_lo, at_hi;
};

static double place(const struct scale *s, double v)
{
    return s->at_lo + (v - s->lo) / (s->hi - s->lo) * (s->at_hi - s->at_lo);
}

struct picture {
    const struct plot *p;
    FILE *out;
    struct scale x, y, w; /* seconds, bytes, segments */
};

static double seconds(const struct picture *f, weft_time at)
{
    return ((double)at - (double)f->p->origin) / 1e9;
}

/* ---- ranges ---- */

/*
 * From the first segment to the last news about the data; what the window's edge does matters only as far as it is
 * near.
 */
static void measure(struct picture *f)
{
    double first = 0, last = 0, top = 1, most = 2;
    size_t i;
    bool begun = false;

    for (i = 0; i < f->p->n; i++) {
        const struct plot_mark *m = &f->p->mark[i];

        if (!begun)
            first = seconds(f, m->at);
        begun = true;
        last = seconds(f, m->at);
        if ((m->kind == PLOT_SENT || m->kind == PLOT_ACK) && (double)m->to > top)
            top = (double)m->to;
        if ((m->kind == PLOT_CWND || m->kind == PLOT_SSTHRESH) && (double)m->to > most)
            most = (double)m->to;
    }
    if (last <= first)
        last = first + 0.001;
    f->x = (struct scale){first - (last - first) * 0.02, last + (last - first) * 0.02, LEFT, RIGHT};
    f->y = (struct scale){0, top * 1.12, MIDDLE, TOP};
    f->w = (struct scale){0, most * 1.1, BOTTOM, LOW};
}

/* The step between ticks: 1, 2 or 5 times a power of ten, so that there are about n of them. */
static double tick_step(double range, int n)
{
    double step = 1e-9;

    for (;;) {
        if (range / step <= n)
            return step;
        if (range / (step * 2) <= n)
            return step * 2;
        if (range / (step * 5) <= n)
            return step * 5;
        step *= 10;
    }
}

/* ---- axes ---- */

static void draw_text(struct picture *f, const char *class, double x, double y, const char *anchor, const char *text)
{
    fprintf(f->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y, anchor);
    for (; *text; text++) {
        if (*text == '&' || *text == '<' || *text == '>')
            fprintf(f->out, "&#%d;", *text);
        else
            fputc(*text, f->out);
    }
    fputs("</text>\n", f->out);
}

static void draw_line(struct picture *f, const char *class, double x1, double y1, double x2, double y2)
{
    fprintf(f->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2);
}

static void draw_ticks_y(struct picture *f, const struct scale *s, int n, double unit)
{
    double step = tick_step(s->hi - s->lo, n), v;
    char text[32];

    step = step < unit ? unit : step;
    for (unsigned i = 0; (v = i * step) <= s->hi; i++) {
        snprintf(text, sizeof text, "%.4g", v / unit);
        draw_line(f, "grid", LEFT, place(s, v), RIGHT, place(s, v));
        draw_text(f, "tick", LEFT - 8, place(s, v) + 4, "end", text);
    }
}

static void draw_ticks_x(struct picture *f, double unit)
{
    double step = tick_step(f->x.hi - f->x.lo, 9);
    int64_t i = (int64_t)(f->x.lo / step) - 1;
    char text[32];

    for (; (double)i * step <= f->x.hi; i++) {
        double x = place(&f->x, (double)i * step);

        if ((double)i * step < f->x.lo)
            continue;
        snprintf(text, sizeof text, "%.4g", (double)i * step / unit);
        draw_line(f, "grid", x, TOP, x, MIDDLE);
        draw_line(f, "grid", x, LOW, x, BOTTOM);
        draw_text(f, "tick", x, BOTTOM + 18, "middle", text);
    }
}

static void draw_axes(struct picture *f)
{
    bool short_story = f->x.hi - f->x.lo < 2, kilo = f->y.hi > 20000;

    draw_ticks_x(f, short_story ? 1e-3 : 1);
    draw_ticks_y(f, &f->y, 9, kilo ? 1000 : 1);
    draw_ticks_y(f, &f->w, 5, 1);
    fprintf(f->out, "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, TOP, RIGHT - LEFT,
            MIDDLE - TOP);
    fprintf(f->out, "<rect class=\"frame\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", LEFT, LOW, RIGHT - LEFT,
            BOTTOM - LOW);
    draw_text(f, "axis", (LEFT + RIGHT) / 2.0, BOTTOM + 40, "middle", short_story ? "time (ms)" : "time (s)");
    fprintf(f->out, "<text class=\"axis\" transform=\"translate(22 %d) rotate(-90)\" text-anchor=\"middle\">"
                    "sequence number (%s)</text>\n", (TOP + MIDDLE) / 2, kilo ? "kB" : "bytes");
    fprintf(f->out, "<text class=\"axis\" transform=\"translate(22 %d) rotate(-90)\" text-anchor=\"middle\">"
                    "segments</text>\n", (LOW + BOTTOM) / 2);
}

/* ---- marks ---- */

/* A line that keeps its height until the next mark of its kind. */
static void draw_steps(struct picture *f, enum plot_kind kind, const char *class, const struct scale *y)
{
    double last = 0, v;
    bool begun = false;
    size_t i;

    for (i = 0; i < f->p->n; i++) {
        const struct plot_mark *m = &f->p->mark[i];

        if (m->kind != kind)
            continue;
        v = place(y, (double)m->to > y->hi * 1.5 ? y->hi * 1.5 : (double)m->to);
        if (!begun)
            fprintf(f->out, "<path class=\"%s\" clip-path=\"url(#%s)\" d=\"M%.1f %.1f", class,
                    y == &f->w ? "lower" : "upper", place(&f->x, seconds(f, m->at)), v);
        else
            fprintf(f->out, "H%.1fV%.1f", place(&f->x, seconds(f, m->at)), v);
        begun = true;
        last = place(&f->x, f->x.hi);
    }
    if (begun)
        fprintf(f->out, "H%.1f\"/>\n", last);
}

/* A bar from one sequence number to the next, at least so tall that it is seen. */
static void draw_bar(struct picture *f, const char *class, const struct plot_mark *m)
{
    double x = place(&f->x, seconds(f, m->at)), low = place(&f->y, (double)m->from), high = place(&f->y, (double)m->to);

    if (low - high < 2)
        high = low - 2;
    fprintf(f->out, "<path class=\"%s\" d=\"M%.1f %.1fV%.1fm-2 0h4M%.1f %.1fh4\"/>\n", class, x, low, high, x - 2, low);
}

static void draw_cross(struct picture *f, const struct plot_mark *m)
{
    double x = place(&f->x, seconds(f, m->at)), y = place(&f->y, ((double)m->from + (double)m->to) / 2);

    fprintf(f->out, "<path class=\"lost\" d=\"M%.1f %.1fl8 8m0 -8l-8 8\"/>\n", x - 4, y - 4);
}

/* *named: where the last R stands; another one so near could not be read. */
static void draw_again(struct picture *f, const struct plot_mark *m, double *named)
{
    double x = place(&f->x, seconds(f, m->at));

    draw_bar(f, "again", m);
    if (x - *named < 9)
        return;
    *named = x;
    draw_text(f, "again-name", x, place(&f->y, (double)m->to) - 5, "middle", "R");
}

static void draw_probe(struct picture *f, const struct plot_mark *m)
{
    fprintf(f->out, "<circle class=\"probe\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", place(&f->x, seconds(f, m->at)),
            place(&f->y, (double)m->from));
}

/* What matters most is drawn last. */
static void draw_marks(struct picture *f)
{
    double named = 0;
    size_t i;

    draw_steps(f, PLOT_WINDOW, "window", &f->y);
    draw_steps(f, PLOT_ACK, "ack", &f->y);
    for (i = 0; i < f->p->n; i++) {
        if (f->p->mark[i].kind == PLOT_SACK)
            draw_bar(f, "sack", &f->p->mark[i]);
        else if (f->p->mark[i].kind == PLOT_SENT && !f->p->mark[i].again)
            draw_bar(f, "sent", &f->p->mark[i]);
        else if (f->p->mark[i].kind == PLOT_PROBE)
            draw_probe(f, &f->p->mark[i]);
    }
    for (i = 0; i < f->p->n; i++) {
        if (f->p->mark[i].kind == PLOT_SENT && f->p->mark[i].again)
            draw_again(f, &f->p->mark[i], &named);
    }
    for (i = 0; i < f->p->n; i++) {
        if (f->p->mark[i].kind == PLOT_SENT && f->p->mark[i].lost)
            draw_cross(f, &f->p->mark[i]);
    }
    draw_steps(f, PLOT_CWND, "cwnd", &f->w);
    draw_steps(f, PLOT_SSTHRESH, "ssthresh", &f->w); /* dashed: what is below it is seen */
}

/* ---- the legend, and all of it ---- */

static bool has(const struct picture *f, enum plot_kind kind, bool again, bool lost)
{
    size_t i;

    for (i = 0; i < f->p->n; i++) {
        const struct plot_mark *m = &f->p->mark[i];
        bool above = kind == PLOT_WINDOW && (double)m->to > f->y.hi;

        if (m->kind == kind && (!again || m->again) && (!lost || m->lost) && !above)
            return true;
    }
    return false;
}

/* Only what is in the picture. */
static void draw_legend(struct picture *f)
{
    static const struct {
        enum plot_kind kind;
        bool again, lost;
        const char *class, *shape, *text;
        bool low;
    } rows[] = {
        {PLOT_SENT, false, false, "sent", "m10 6v-12m-2 0h4m-4 12h4", "segment sent", false},
        {PLOT_SENT, true, false, "again", "m10 6v-12m-2 0h4m-4 12h4", "sent again (R)", false},
        {PLOT_SENT, false, true, "lost", "m6 4l8 -8m0 8l-8 -8", "lost on the way", false},
        {PLOT_ACK, false, false, "ack", "h20", "acknowledged up to here", false},
        {PLOT_SACK, false, false, "sack", "m10 6v-12m-2 0h4m-4 12h4", "selectively acknowledged", false},
        {PLOT_WINDOW, false, false, "window", "h20", "edge of the peer's window", false},
        {PLOT_PROBE, false, false, "probe", "m6 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "probe of a closed window", false},
        {PLOT_CWND, false, false, "cwnd", "h20", "cwnd", true},
        {PLOT_SSTHRESH, false, false, "ssthresh", "h20", "ssthresh", true},
    };
    int y[2] = {TOP + 14, LOW + 14};
    size_t i;

    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!has(f, rows[i].kind, rows[i].again, rows[i].lost))
            continue;
        fprintf(f->out, "<path class=\"%s\" d=\"M%d %d%s\"/>\n", rows[i].class, RIGHT + 18, y[rows[i].low],
                rows[i].shape);
        draw_text(f, "name", RIGHT + 48, y[rows[i].low] + 4, "start", rows[i].text);
        y[rows[i].low] += 24;
    }
}

/* Every colour twice: on white, and on dark. */
static const char style[] =
    "<style>\n"
    "text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:13px}.title{font-size:17px;font-weight:600}\n"
    ".tick{font-size:12px}.again-name{font-size:11px;font-weight:700}\n"
    "path,line,circle,.frame{fill:none;stroke-width:1.5}.frame,.grid{stroke-width:1}.again{stroke-width:2.5}\n"
    ".lost,.cwnd{stroke-width:2}.window{stroke-dasharray:6 3}.ssthresh{stroke-dasharray:5 4}\n"
    "text{fill:#1b1f24}.tick,.axis{fill:#59636e}.again-name{fill:#d1480b}.paper{fill:#ffffff}\n"
    ".frame{stroke:#59636e}.grid{stroke:#e4e7eb}.sent,.cwnd{stroke:#0b6bcb}\n"
    ".again,.ssthresh{stroke:#d1480b}.lost{stroke:#c01048}.ack{stroke:#12805c}\n"
    ".sack,.probe{stroke:#8a3ffc}.window{stroke:#b07a00}\n"
    "@media (prefers-color-scheme:dark){\n"
    "text{fill:#e8ebef}.tick,.axis{fill:#9aa5b1}.again-name{fill:#ff9457}.paper{fill:#14171c}\n"
    ".frame{stroke:#9aa5b1}.grid{stroke:#2a3038}.sent,.cwnd{stroke:#6cb6ff}\n"
    ".again,.ssthresh{stroke:#ff9457}.lost{stroke:#ff6b95}.ack{stroke:#4fd1a1}\n"
    ".sack,.probe{stroke:#c29bff}.window{stroke:#e5b84b}\n"
    "}\n"
    "</style>\n";

bool plot_write(const struct plot *p, const char *title, FILE *out)
{
    struct picture f = {.p = p, .out = out};

    measure(&f);
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
                 "role=\"img\">\n", WIDTH, HEIGHT, WIDTH, HEIGHT);
    fputs(style, out);
    fprintf(out, "<defs><clipPath id=\"upper\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath>"
                 "<clipPath id=\"lower\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></clipPath></defs>\n",
            LEFT, TOP, RIGHT - LEFT, MIDDLE - TOP, LEFT, LOW, RIGHT - LEFT, BOTTOM - LOW);
    fprintf(out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
    draw_text(&f, "title", LEFT, 36, "start", title);
    draw_axes(&f);
    draw_marks(&f);
    draw_legend(&f);
    if (p->more)
        draw_text(&f, "axis", RIGHT, 56, "end", "the rest is left out");
    fputs("</svg>\n", out);
    return fflush(out) == 0 && !ferror(out);
}
