using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Networks;
using PolaFormer.Tensors;
using PolaFormer.Vision;

namespace PolaFormer.Cli.Tests;

public sealed class SegmentationCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer-segmentation-cli-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task PredictWritesMapsOverlaysAndAreas()
    {
        string checkpoint = SaveNetwork(), photo = SavePhoto("street.png"), csv = At("areas.csv");
        (int code, string output, string error) = await Polaformer.Run("predict", photo, "--checkpoint", checkpoint, "--output", _folder.FullName, "--csv", csv, "--json");
        Assert.True(code == 0, error);
        JsonElement result = JsonDocument.Parse(output).RootElement[0];
        Assert.Equal(1, result.GetProperty("classes").EnumerateArray().Sum(area => area.GetProperty("share").GetDouble()), 1e-9);
        IndexedImage map = IndexedImage.Read(At("street.classes.png"))!;
        Assert.Equal((40, 32), (map.Width, map.Height));
        Assert.Equal(result.GetProperty("classes")[0].GetProperty("pixels").GetInt64(), map.Values.Count(value => value == result.GetProperty("classes")[0].GetProperty("index").GetInt32()));
        using Image overlay = ImageDecoder.Decode(At("street.overlay.png"));
        Assert.True(overlay.Width > 40);
        string[] lines = await File.ReadAllLinesAsync(csv, TestContext.Current.CancellationToken);
        Assert.Equal("file,class,index,pixels,share", lines[0]);
        Assert.Equal(result.GetProperty("classes").GetArrayLength() + 1, lines.Length);
    }

    // The scene has a star with its middle at (132, 85), a cross with its middle at (180, 206), and a photograph in its corners.
    [Fact]
    public async Task TheShippedSegmenterFindsThePixelsOfDrawnShapes()
    {
        (int code, _, string error) = await Polaformer.Run("predict", "samples/scenes/shapes.png", "--task", "segment", "--output", At("maps"));
        Assert.True(code == 0, error);
        IndexedImage map = IndexedImage.Read(At("maps/shapes.classes.png"))!;
        byte ClassAt(int x, int y) => map.Values[(y * map.Width) + x];
        Assert.Equal(4, ClassAt(132, 85));
        Assert.Equal(5, ClassAt(180, 206));
        Assert.All(new[] { ClassAt(10, 10), ClassAt(310, 10), ClassAt(10, 310), ClassAt(310, 310) }, value => Assert.Equal(0, value));
    }

    [Fact]
    public async Task PredictLooksThroughWindows()
    {
        (int code, string output, string error) = await Polaformer.Run("predict", SavePhoto("a.png"), "--checkpoint", SaveNetwork(), "--short-side", "64", "--window", "48");
        Assert.True(code == 0, error);
        Assert.Contains("%", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OutputOfAClassifierIsRefused()
    {
        (int code, _, string error) = await Polaformer.Run("predict", SavePhoto("a.png"), "--output", _folder.FullName);
        Assert.Equal(1, code);
        Assert.Contains("segmentation network", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TrainTrainsByThePublishedRecipeAndEvalMeasuresTheResult()
    {
        for (int i = 0; i < 3; i++)
        {
            SavePhoto($"data/images/{i}.png");
            Write($"data/annotations/{i}.png", new IndexedImage(40, 32, [.. Enumerable.Range(0, 40 * 32).Select(pixel => (byte)(pixel / 640))], []).ToPng());
        }

        await File.WriteAllTextAsync(At("classes.txt"), "sky\nground\n", TestContext.Current.CancellationToken);
        (int code, string output, string error) = await Polaformer.Run(
            "train", "--model", "polapp_nano_ham", "--data", At("data"), "--output", At("run"), "--epochs", "2", "--batch", "1",
            "--opts", "SEGMENTATION.CLASSES", At("classes.txt"), "SEGMENTATION.STEPS_PER_EPOCH", "1", "DATA.IMG_SIZE", "64", "DATA.HOLD_OUT", "0.4");
        Assert.True(code == 0, error);
        Assert.Contains("mIoU", output, StringComparison.Ordinal);
        Assert.Contains("BASE_LR: 0.001", await File.ReadAllTextAsync(At("run/config.yaml"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("Worst images", await File.ReadAllTextAsync(At("run/segmentation.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        string last = (await File.ReadAllLinesAsync(At("run/log.jsonl"), TestContext.Current.CancellationToken)).Last(line => line.Contains("\"miou\"", StringComparison.Ordinal));
        (code, output, error) = await Polaformer.Run("eval", "--checkpoint", At("run/last.safetensors"), "--data", At("data"), "--json", "--opts", "DATA.HOLD_OUT", "0.4");
        Assert.True(code == 0, error);
        JsonElement measured = JsonDocument.Parse(output).RootElement;
        Assert.Equal(1, measured.GetProperty("images").GetInt32());
        Assert.Equal(JsonDocument.Parse(last).RootElement.GetProperty("miou").GetDouble(), measured.GetProperty("miou").GetDouble(), 1e-6);
    }

    [Fact]
    public async Task AKeyThatASegmentationNetworkDoesNotUseIsRefused()
    {
        (int code, _, string error) = await Polaformer.Run("train", "--model", "polapp_nano_ham", "--data", At("data"), "--output", At("run"), "--opts", "TRAIN.LAYER_DECAY", "0.5");
        Assert.Equal(1, code);
        Assert.Contains("TRAIN.LAYER_DECAY: 0.5 has no effect", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMaskThatIsMissingIsNamedInALine()
    {
        SavePhoto("data/images/alone.png");
        Directory.CreateDirectory(At("data/annotations"));
        (int code, _, string error) = await Polaformer.Run("train", "--model", "polapp_nano_ham", "--data", At("data"), "--output", At("run"));
        Assert.Equal(1, code);
        Assert.Contains("alone.png", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMaskOfAnotherSizeIsNamedInALine()
    {
        SavePhoto("data/images/one.png");
        Write("data/annotations/one.png", new IndexedImage(32, 40, new byte[32 * 40], []).ToPng());
        (int code, _, string error) = await Polaformer.Run("train", "--model", "polapp_nano_ham", "--data", At("data"), "--output", At("run"), "--epochs", "1", "--batch", "1", "--opts", "DATA.IMG_SIZE", "32");
        Assert.Equal(1, code);
        Assert.Contains("one.png: the mask has 32×40 pixels", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task InspectNamesTheNetworkItsClassesAndItsInput()
    {
        (int code, string output, string error) = await Polaformer.Run("inspect", SaveNetwork());
        Assert.True(code == 0, error);
        Assert.Contains("fits polapp_nano_ham, a segmentation network with 3 classes (sky, tree, old, road) for images with a short side of 48 pixels", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        (_, output, _) = await Polaformer.Run("inspect", SaveNetwork(), "--json");
        JsonElement described = JsonDocument.Parse(output).RootElement;
        Assert.Equal("segmentation", described.GetProperty("task").GetString());
        Assert.Equal(3, described.GetProperty("labels").GetArrayLength());
    }

    [Fact]
    public async Task ExportLeavesTheSizeOpen()
    {
        (int code, string output, string error) = await Polaformer.Run("export", "--checkpoint", SaveNetwork(), "--onnx", At("net.onnx"));
        Assert.True(code == 0, error);
        Assert.Contains("sides of multiples of 32 pixels", output, StringComparison.Ordinal);
        (code, output, error) = await Polaformer.Run("export", "--checkpoint", SaveNetwork(), "--onnx", At("net.onnx"), "--size", "64", "96");
        Assert.True(code == 0, error);
        Assert.Contains("64×96 pixels", output, StringComparison.Ordinal);
    }

    private string SaveNetwork()
    {
        SegmenterConfig config = SegmenterRegistry.Find("polapp_nano_ham").Config.WithClasses(3);
        Segmenter network = config.Create();
        network.Initialize(1);
        var description = new SegmenterDescription { Name = "polapp_nano_ham", Config = config, Classes = new ClassNames(["sky", "tree, old", "road"]), Scale = (64, 48) };
        SafetensorsWriter.Write(At("net.safetensors"), network.StateDict().Where(entry => entry.Tensor.DType == DType.Float32).Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.Shape, entry.Tensor.ToArray())), description.ToMetadata());
        return At("net.safetensors");
    }

    private string SavePhoto(string name)
    {
        using var photo = new Image(40, 32);
        for (int y = 0; y < photo.Height; y++)
            photo.Row(y).Fill((byte)(y * 8));
        return Write(name, ImageEncoder.Png(photo));
    }

    private string Write(string name, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
