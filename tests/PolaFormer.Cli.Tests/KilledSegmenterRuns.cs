using PolaFormer.Vision;

namespace PolaFormer.Cli.Tests;

/// <summary>Runs of a segmentation network, on six pictures that are light above and dark below.</summary>
public sealed class KilledSegmenterRuns : KilledRuns
{
    private const int Width = 48, Height = 40, Count = 6;

    private string? _data;

    /// <inheritdoc/>
    protected override IEnumerable<string> Arguments =>
    [
        "--model", "polapp_nano_ham", "--data", _data ??= MakeData(this["data"]), "--epochs", "4", "--batch", "2", "--threads", "1", "--opts", "SEGMENTATION.CLASSES", Path.Combine(this["data"], "classes.txt"),
        "SEGMENTATION.STEPS_PER_EPOCH", "30", "DATA.IMG_SIZE", "32", "DATA.HOLD_OUT", "0.3", "TRAIN.MODEL_EMA", "true", "PRINT_FREQ", "1", "SAVE_MINUTES", "0.001",
    ];

    private static string MakeData(string folder)
    {
        string images = Directory.CreateDirectory(Path.Combine(folder, "images")).FullName, masks = Directory.CreateDirectory(Path.Combine(folder, "annotations")).FullName;
        File.WriteAllLines(Path.Combine(folder, "classes.txt"), ["sky", "ground"]);
        for (int i = 0; i < Count; i++)
        {
            int horizon = 10 + (4 * i);
            using var photo = new Image(Width, Height);
            for (int y = 0; y < Height; y++)
                photo.Row(y).Fill((byte)((y < horizon ? 200 : 60) + i));
            File.WriteAllBytes(Path.Combine(images, $"{i}.png"), ImageEncoder.Png(photo));
            File.WriteAllBytes(Path.Combine(masks, $"{i}.png"), new IndexedImage(Width, Height, [.. Enumerable.Range(0, Width * Height).Select(pixel => (byte)(pixel / Width < horizon ? 0 : 1))], []).ToPng());
        }

        return folder;
    }
}
