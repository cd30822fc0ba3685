using PolaFormer.Vision;

namespace PolaFormer.Cli.Tests;

/// <summary>Runs of a detector with masks, whose anchors and regions are drawn by chance, to be killed.</summary>
public sealed class KilledDetectorRuns : KilledRuns
{
    private const int Images = 4, Side = 64;

    /// <inheritdoc/>
    protected override IEnumerable<string> Arguments =>
    [
        "--model", "maskrcnn_nano", "--data", Data(), "--epochs", "3", "--batch", "1", "--threads", "1",
        "--opts", "DATA.IMG_SIZE", $"{Side}", "DETECTION.REPEATS", "3", "TRAIN.CLIP_GRAD", "5", "PRINT_FREQ", "1", "SAVE_MINUTES", "0.001",
    ];

    // White squares, with polygons.
    private string Data()
    {
        string root = this["data"];
        if (Directory.Exists(root))
            return root;
        IEnumerable<int> numbers = Enumerable.Range(1, Images);
        string images = string.Join(',', numbers.Select(i => $$"""{"id": {{i}}, "file_name": "{{i}}.png", "height": {{Side}}, "width": {{Side}}}"""));
        string annotations = string.Join(',', numbers.Select(i => $$"""{"id": {{i}}, "image_id": {{i}}, "category_id": 1, "bbox": [{{4 * i}}, 16, 32, 32], "area": 1024, "iscrowd": 0, "segmentation": [[{{4 * i}}, 16, {{(4 * i) + 32}}, 16, {{(4 * i) + 32}}, 48, {{4 * i}}, 48]]}"""));
        Directory.CreateDirectory(Path.Combine(root, "annotations"));
        foreach (string split in new[] { "train2017", "val2017" })
        {
            Directory.CreateDirectory(Path.Combine(root, split));
            File.WriteAllText(Path.Combine(root, "annotations", $"instances_{split}.json"), $$"""{"images": [{{images}}], "annotations": [{{annotations}}], "categories": [{"id": 1, "name": "square"}]}""");
            foreach (int i in numbers)
            {
                using var photo = new Image(Side, Side);
                photo.Pixels.Clear();
                for (int y = 16; y < 48; y++)
                    photo.Row(y).Slice(3 * 4 * i, 3 * 32).Fill(255);
                File.WriteAllBytes(Path.Combine(root, split, $"{i}.png"), ImageEncoder.Png(photo));
            }
        }

        return root;
    }
}
