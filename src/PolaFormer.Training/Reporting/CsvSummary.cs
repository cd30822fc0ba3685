using System.Globalization;
using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>The epochs of a run as a table for spreadsheets: <c>summary.csv</c>, one line an epoch; empty where the run averages no weights.</summary>
internal static class CsvSummary
{
    private static readonly (string Name, Func<EpochRecord, IFormattable?> Value)[] s_columns =
    [
        ("epoch", epoch => epoch.Epoch),
        ("step", epoch => epoch.GlobalStep),
        ("train_loss", epoch => epoch.TrainLoss),
        ("train_top1", epoch => epoch.TrainTop1),
        ("val_loss", epoch => epoch.Loss),
        ("val_top1", epoch => epoch.Top1),
        ("val_top5", epoch => epoch.Top5),
        ("ema_loss", epoch => epoch.EmaLoss),
        ("ema_top1", epoch => epoch.EmaTop1),
        ("ema_top5", epoch => epoch.EmaTop5),
        ("lr", epoch => epoch.Lr),
        ("images_per_second", epoch => epoch.ImagesPerSecond),
        ("bad_images", epoch => epoch.BadImages),
        ("best", epoch => epoch.IsBest ? 1 : 0),
    ];

    /// <summary>Writes the file in place of an older one.</summary>
    public static void Write(string path, RunLog log)
    {
        var text = new StringBuilder().AppendJoin(',', s_columns.Select(column => column.Name)).Append('\n');
        foreach (EpochRecord epoch in log.Epochs)
            text.AppendJoin(',', s_columns.Select(column => column.Value(epoch)?.ToString(null, CultureInfo.InvariantCulture))).Append('\n');
        OutputFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
