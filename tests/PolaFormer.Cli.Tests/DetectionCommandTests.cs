using System.Text.Json;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Tests;

public sealed class DetectionCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer-detection-cli-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task TrainTrainsByThePublishedRecipeAndEvalMeasuresTheResult()
    {
        SaveScenes(3);
        (int code, string output, string error) = await Polaformer.Run(
            "train", "--model", "retinanet_nano", "--data", At("data"), "--output", At("run"), "--epochs", "1", "--batch", "1", "--opts", "DATA.IMG_SIZE", "64", "DATA.HOLD_OUT", "0.4");
        Assert.True(code == 0, error);
        Assert.Contains("box AP", output, StringComparison.Ordinal);
        Assert.Contains("WEIGHT_DECAY: 0.05", await File.ReadAllTextAsync(At("run/config.yaml"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("Losses of the last step", await File.ReadAllTextAsync(At("run/detection.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        (code, output, error) = await Polaformer.Run("eval", "--checkpoint", At("run/last.safetensors"), "--data", At("data"), "--json", "--opts", "DATA.HOLD_OUT", "1");
        Assert.True(code == 0, error);
        JsonElement measured = JsonDocument.Parse(output).RootElement;
        Assert.Equal(3, measured.GetProperty("images").GetInt32());
        Assert.InRange(measured.GetProperty("box_ap").GetDouble(), 0, 1);
    }

    // The scene has a star at (78, 31) to (186, 139) and a cross at (118, 144) to (242, 268).
    [Fact]
    public async Task TheShippedDetectorFindsDrawnShapes()
    {
        (int code, string output, string error) = await Polaformer.Run("predict", "samples/scenes/shapes.png", "--task", "detect", "--json");
        Assert.True(code == 0, error);
        (int Category, double X, double Y)[] best = [.. JsonDocument.Parse(output).RootElement.EnumerateArray().OrderByDescending(found => found.GetProperty("score").GetDouble()).Take(2).Select(found =>
            (found.GetProperty("category_id").GetInt32(), found.GetProperty("bbox")[0].GetDouble(), found.GetProperty("bbox")[1].GetDouble()))];
        (int _, double x, double y) = Assert.Single(best, found => found.Category == 4);
        Assert.InRange(x, 60, 95);
        Assert.InRange(y, 15, 50);
        (_, x, y) = Assert.Single(best, found => found.Category == 5);
        Assert.InRange(x, 100, 135);
        Assert.InRange(y, 125, 160);
    }

    [Fact]
    public async Task ATaskBesideACheckpointIsRefused()
    {
        (int code, _, string error) = await Polaformer.Run("predict", "samples/scenes/shapes.png", "--task", "detect", "--checkpoint", "checkpoints/polaformer_pp_photographs.safetensors");
        Assert.Equal(1, code);
        Assert.Contains("Leave one of them out", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFolderWithoutAnnotationsIsNamedInALine()
    {
        Directory.CreateDirectory(At("data"));
        (int code, _, string error) = await Polaformer.Run("train", "--model", "retinanet_nano", "--data", At("data"), "--output", At("run"));
        Assert.Equal(1, code);
        Assert.Contains("neither annotations/", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private void SaveScenes(int count)
    {
        Directory.CreateDirectory(At("data/images"));
        Directory.CreateDirectory(At("data/labels"));
        File.WriteAllText(At("data/classes.txt"), "square\n");
        for (int i = 0; i < count; i++)
        {
            using var photo = new Image(64, 64);
            for (int y = 16; y < 48; y++)
                photo.Row(y).Slice(3 * 16, 3 * 32).Fill(255);
            File.WriteAllBytes(At($"data/images/{i}.png"), ImageEncoder.Png(photo));
            File.WriteAllText(At($"data/labels/{i}.txt"), "0 0.5 0.5 0.5 0.5\n");
        }
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
