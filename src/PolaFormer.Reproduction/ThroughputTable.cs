using System.Diagnostics;
using System.Globalization;
using PolaFormer.Analysis.Report;
using PolaFormer.LongRange;
using PolaFormer.Reproduction.Paper;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Tensors.Threading;

namespace PolaFormer.Reproduction;

/// <summary>
/// Table 6: time and memory of training steps of seven mechanisms on the five tasks of Long Range Arena, at the paper's batches and
/// full length. Cells are saved as they are measured.
/// </summary>
public static class ThroughputTable
{
    private const int MostSteps = 20;

    // Steps until a device that repeats them as a whole has prepared that.
    private const int StepsOfPreparation = 2;

    // What other programs and the runtime may need beside the tensors.
    private const double ShareOfMemory = 0.7;

    /// <summary>Measures what is missing, within the time that is given, and makes the table of all that there is.</summary>
    /// <exception cref="ArgumentException">A task or mechanism is not in the table.</exception>
    /// <exception cref="Files.FileException">A cell cannot be read or saved.</exception>
    public static ReproducedTable Measure(ReproductionOptions options)
    {
        IReadOnlyList<ArenaTask> tasks = Tasks(options);
        IReadOnlyList<PaperThroughputs> mechanisms = Mechanisms(options);
        var cells = new Dictionary<(string Task, string Title), ThroughputCell>();
        long start = Stopwatch.GetTimestamp();
        int left = tasks.Count * mechanisms.Count;
        foreach (ArenaTask task in tasks)
        {
            if (options.Stop.IsCancellationRequested)
                break;
            int chunks = ChunksOf(task, options);
            foreach (PaperThroughputs mechanism in mechanisms)
            {
                string attention = ArenaMechanism.Resolve(mechanism.Attention, task.Length);
                string name = CellName(task, attention, chunks);
                ThroughputCell? cell = options.Cells.Find<ThroughputCell>(name);
                if (cell is null && options.Stop.IsCancellationRequested)
                    continue;
                if (cell is null)
                {
                    options.Progress(FormattableString.Invariant($"{task.Title}, {mechanism.Title}, {left} cells left"));
                    TimeSpan share = (TimeSpan.FromMinutes(options.Minutes) - Stopwatch.GetElapsedTime(start)) / left;
                    cell = MeasureCell(task, attention, chunks, options.Steps > 0 ? options.Steps : MostSteps, share);
                    options.Cells.Save(name, cell);
                }

                cells[(task.Name, mechanism.Title)] = cell;
                left--;
            }
        }

        return Table(cells);
    }

    /// <summary>Name of a cell: all that its figures depend on.</summary>
    internal static string CellName(ArenaTask task, string attention, int chunks) =>
        FormattableString.Invariant($"table6-{task.Name}-{attention}-{chunks}-{Workers.ThreadCount}-{Device.Default.Name}");

    /// <summary>Name of the cell that keeps how a task's batches are cut.</summary>
    internal static string CutName(ArenaTask task) => $"table6-{task.Name}-cut-{Device.Default.Name}";

    private static IReadOnlyList<ArenaTask> Tasks(ReproductionOptions options) =>
        [.. (options.Tasks.Count == 0 ? PaperArena.Table6Tasks : options.Tasks).Select(ArenaTask.Find)];

    private static IReadOnlyList<PaperThroughputs> Mechanisms(ReproductionOptions options) => options.Mechanisms.Count == 0
        ? PaperArena.Table6
        : [.. options.Mechanisms.Select(name => PaperArena.Table6.FirstOrDefault(mechanism => mechanism.Attention == name || mechanism.Attention.StartsWith(name + "(", StringComparison.Ordinal))
            ?? throw new ArgumentException($"Table 6 has no mechanism '{name}'. It has {string.Join(", ", PaperArena.Table6.Select(mechanism => mechanism.Attention))}."))];

    /// <summary>
    /// Parts of a batch: as few as the mechanism that needs most memory allows on this machine, by its steps of one row and of two, and
    /// the same for all.
    /// </summary>
    private static int ChunksOf(ArenaTask task, ReproductionOptions options)
    {
        string name = CutName(task);
        if (options.Cells.Find<BatchCut>(name) is { } known)
            return known.Chunks;
        int batch = PaperArena.BatchOf(task.Name);
        double room = ShareOfMemory * MachineMemory.FreeBytesForTensors, most = 0;
        foreach (PaperThroughputs mechanism in PaperArena.Table6)
        {
            options.Progress($"{task.Title}, {mechanism.Title}: memory of a row");
            string attention = ArenaMechanism.Resolve(mechanism.Attention, task.Length);
            using SequenceStep small = new(task, attention, 1), large = new(task, attention, 2);
            long one = PeakOf(small), two = PeakOf(large);
            most = Math.Max(most, Math.Max(two - one, two / 2));
            Device.Default.TrimMemory();
        }

        int chunks = 1;
        while (chunks < batch && (batch / chunks) * most > room)
            chunks *= 2;
        options.Cells.Save(name, new BatchCut(chunks));
        return chunks;
    }

    private static ThroughputCell MeasureCell(ArenaTask task, string attention, int chunks, int steps, TimeSpan share)
    {
        int batch = PaperArena.BatchOf(task.Name);
        long start = Stopwatch.GetTimestamp();
        using var step = new SequenceStep(task, attention, batch / chunks, chunks);
        long peak = PeakOf(step);
        for (int i = 0; i < StepsOfPreparation && Device.Default.IsAsynchronous; i++)
            step.Run();
        int measured = 0;
        long from = Stopwatch.GetTimestamp();
        do
        {
            step.Run();
            measured++;
        }
        while (measured < steps && Stopwatch.GetElapsedTime(start) < share);
        double seconds = Stopwatch.GetElapsedTime(from).TotalSeconds / measured;
        Device.Default.TrimMemory();
        return new ThroughputCell(task.Name, attention, batch, chunks, measured, seconds, peak, Workers.ThreadCount, Device.Default.Name);
    }

    // The first step compiles code and makes what stays.
    private static long PeakOf(SequenceStep step) => Device.Default.MemoryStatistics.PeakOf(step.Run);

    private static ReproducedTable Table(Dictionary<(string Task, string Title), ThroughputCell> cells)
    {
        var rows = new List<string[]>();
        foreach ((int index, string name) in PaperArena.Table6Tasks.Index())
        {
            ArenaTask task = ArenaTask.Find(name);
            ThroughputCell? Cell(PaperThroughputs mechanism) => cells.GetValueOrDefault((name, mechanism.Title));
            ThroughputCell? softmax = Cell(PaperArena.Table6[0]);
            string label = Text($"{task.Title} ({task.Length})");
            Add("T ours", mechanism => Cell(mechanism) is { } cell ? Text($"{cell.Throughput:F2}") : null);
            Add("× softmax", mechanism => Cell(mechanism) is { } cell && softmax is not null ? Text($"{cell.Throughput / softmax.Throughput:F2}") : null);
            Add("× softmax, paper", mechanism => Text($"{mechanism.Throughputs[index] / PaperArena.Table6[0].Throughputs[index]:F2}"));
            Add("T paper", mechanism => Text($"{mechanism.Throughputs[index]:F2}"));
            Add("M ours", mechanism => Cell(mechanism) is { } cell ? Text($"{cell.Megabytes:F0}") : null);
            Add("KiB a token of a part", mechanism => Cell(mechanism) is { } cell ? Text($"{KibibytesPerToken(cell, task):F1}") : null);
            Add("M paper", mechanism => Text($"{mechanism.Megabytes[index]:F0}"));
            Add("ms a step, steps", mechanism => Cell(mechanism) is { } cell ? Text($"{1000 * cell.SecondsPerStep:F0}, {cell.Steps}") : null);

            void Add(string what, Func<PaperThroughputs, string?> figure) =>
                rows.Add([label, what, .. PaperArena.Table6.Select(mechanism => figure(mechanism) ?? ReproducedTable.NotRun)]);
        }

        string cuts = string.Join(", ", PaperArena.Table6Tasks.Select(name => cells.Values.FirstOrDefault(cell => cell.Task == name) is { } cell ? Text($"{ArenaTask.Find(name).Title} {cell.Batch} in {cell.Chunks}") : null).OfType<string>());
        ThroughputCell? any = cells.Values.FirstOrDefault();
        return new ReproducedTable("table6", "Table 6: throughput and memory of training steps on Long Range Arena", new ReportTable(
            ["task", "", .. PaperArena.Table6.Select(mechanism => mechanism.Title)], rows))
        {
            Notes =
            [
                "T: rows (in Retrieval pairs) a second of whole training steps: forward, backward, clipping, AdamW; the mean over the steps that are told. The paper does not say what T is; its figures are the batch by a multiple of 1/8192 s, so this is inferred.",
                Text($"M: most memory of a part's tensors, in MB of 2²⁰ bytes. Batches and equal parts for all mechanisms of a task: {cuts}. The paper's M fits whole batches, and half batches for Pola in Text and Retrieval alone."),
                any is null ? "Nothing was measured." : Text($"Ours: {any.Device}, {any.Threads} threads, float32, rows of full length without padding. The paper's: a GPU that it does not name, mixed precision, attention in float32."),
            ],
            Charts = [Chart(cells)],
        };
    }

    private static double KibibytesPerToken(ThroughputCell cell, ArenaTask task) =>
        cell.PeakBytes / 1024.0 / ((long)cell.Batch / cell.Chunks * task.Length * (task.IsDual ? 2 : 1));

    // Seconds for 4,096 tokens over the length of a row: a linear mechanism's line is level.
    private static ReportChart Chart(Dictionary<(string Task, string Title), ThroughputCell> cells)
    {
        string[] tasks = ["image", "listops", "text"];
        double? Milliseconds(string name, PaperThroughputs mechanism) =>
            cells.GetValueOrDefault((name, mechanism.Title)) is { } cell ? 1000 * cell.SecondsPerStep * 4096 / ((long)cell.Batch * ArenaTask.Find(name).Length) : null;
        return new ReportChart(
            "Training time of 4,096 tokens over the length of a row", "tokens of a row", "ms", [.. tasks.Select(name => (double)ArenaTask.Find(name).Length)],
            [.. PaperArena.Table6.Select(mechanism => new ReportSeries(mechanism.Title, [.. tasks.Select(name => Milliseconds(name, mechanism))]))],
            IsLogarithmic: true);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
