"""Widgets and terminal plumbing: what the screens are made of. Nothing here knows the store or AWS.

Who owns what, with the signatures that screens use::

    safe       show(value, style="", limit=512) -> Content          one line; never parsed as markup
               lines(value, style="", limit=20_000) -> Content      line breaks kept
               rich_text(value, style="", limit=512) -> rich Text   for the few sinks that speak rich
               palette_name(text) -> str                            ValueError unless harmless as markup
               install_filter(); dropped() -> int                   the last line of defence, and its counter
    shell      class SafeApp(App): what every app of ours derives from (driver, filter, signals, guard, panic)
                   acting_keys: frozenset[str]       override (property): keys that act, after remapping
                   acting_subject() -> object        override: what an acting key would act on, now
                   acting_blocked(at) -> str         override: why acting keys are ignored at this instant; ""
                   discarded(keys, why)              override: say it (default: notify)
                   send_to_clipboard(text) -> str    what to tell the analyst ("sent 34 characters …")
                   key_guard: KeyGuard               key_guard.window_s = 0.0 switches waiting off in tests
    shell      class KeyPaint: mixin for screens, paints at once after a key; focused_field(widget) -> bool
    paste      class KeyGuard(window_s=0.030, clock): pure state machine; class Burst for confirm fields
    table      class WindowTable[Row](ScrollView), Column, Cell, RowSource[Row]
                   WindowTable(columns, source=None, *, empty="nothing here", id=None)
                   .show_source(source, keep=None)   other filter or order; cursor goes to ``keep`` if there
                   .renew()                          the data changed: repaint only lines that differ
                   .cursor_key / .cursor_row / .cursor; .go_to_key(key) -> bool
                   .marks: frozenset[str]; .toggle_mark(); .mark_keys(keys); .clear_marks()
                   .set_sort(column_id, descending); .set_columns(columns)
                   .settled_for(ms, at=None) -> bool
                   Moved(key, row, by_itself), Opened(key, row), MarksChanged(marks)
    window     class Window[Row], RowSource[Row]: which rows are held, where the cursor is; no Textual (used by table)
    columns    severity_cell(severity) -> Cell; freshness_sign(freshness); glyphs.current()
    header     class StatusHeader(Widget): .show_state(HeaderState(...))
    footer     class KeyFooter(Widget): .show_keys([KeyHint(key, label, why="")], right="")
                   .say(text, kind="", seconds=6.0)
    detail     class DetailPane: .show_sections(title, [Section(label, [body, …], kept=False)], key="")
                   title and body: Untrusted | str | [(Untrusted | str, style name), …]; .scroll_by(lines)
    painted    LOOKS: the style names for cells, detail pieces and lines (text, quiet, strong, critical …)
    prompt     class LinePrompt(Widget): .ask(label, value="", hint="", complete=None)
                   -> Changed(value), Submitted(value) | Cancelled; .set_hint(text); .put_away(); .asking
               class NotePrompt(Widget): the same over several lines; ctrl+d submits
    confirm    class ConfirmField(Widget): .ask(label, expected, reason=False, needs_reason=False)
                   -> Confirmed(typed, reason) | Cancelled
    themes     load_themes(user_dir=None) -> Themes(themes: dict[str, Theme], problems: tuple[str, ...])
               the variables every theme defines: VARIABLES
    signals    (used by shell) SIGHUP, SIGTERM, SIGINT, SIGQUIT end the app with the terminal restored
    exact      (used by shell) frames as the cells that changed and each change of style once (ansi: the bytes)
    driver     (used by shell) SafeDriver: a stalled terminal never stops the event loop

Set ``TEXTUAL_FPS=240`` in the environment before anything imports textual: frames wait for its timer.
Repaints without layout: ``Static.update(content, layout=False)``; nothing here animates or blinks.
"""
