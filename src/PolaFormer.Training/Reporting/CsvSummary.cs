using System.Globalization;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>The epochs of a run as a table for spreadsheets: <c>summary.csv</c>, one line an epoch; empty where the run averages no weights.</summary>
internal static class CsvSummary
{
    /// <summary>Writes the file in place of an older one.</summary>
    public static void Write(string path, RunLog log)
    {
        (string Name, Func<EpochRecord, IFormattable?> Value)[] columns = ColumnsOf(log.Metrics);
        StringBuilder text = new StringBuilder().AppendJoin(',', columns.Select(column => column.Name)).Append('\n');
        foreach (EpochRecord epoch in log.Epochs)
            text.AppendJoin(',', columns.Select(column => column.Value(epoch)?.ToString(null, CultureInfo.InvariantCulture))).Append('\n');
        OutputFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static (string Name, Func<EpochRecord, IFormattable?> Value)[] ColumnsOf(IReadOnlyList<MetricDefinition> metrics) =>
    [
        ("epoch", epoch => epoch.Epoch),
        ("step", epoch => epoch.GlobalStep),
        ("train_loss", epoch => epoch.TrainLoss),
        ($"train_{metrics[0].Name}", epoch => epoch.ValueOf($"train_{metrics[0].Name}")),
        ("val_loss", epoch => epoch.Loss),
        .. metrics.Select<MetricDefinition, (string, Func<EpochRecord, IFormattable?>)>(metric => ($"val_{metric.Name}", epoch => epoch.ValueOf(metric.Name))),
        ("ema_loss", epoch => epoch.EmaLoss),
        .. metrics.Select<MetricDefinition, (string, Func<EpochRecord, IFormattable?>)>(metric => ($"ema_{metric.Name}", epoch => epoch.ValueOf($"ema_{metric.Name}"))),
        ("lr", epoch => epoch.Lr),
        ("images_per_second", epoch => epoch.ImagesPerSecond),
        ("bad_images", epoch => epoch.BadImages),
        ("best", epoch => epoch.IsBest ? 1 : 0),
    ];
}
