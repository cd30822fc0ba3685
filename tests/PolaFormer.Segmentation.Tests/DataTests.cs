using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Segmentation.Scoring;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

namespace PolaFormer.Segmentation.Tests;

public sealed class DataTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("polaformer-segmentation-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnIndexedImageIsReadAsItWasWritten(bool hasPalette)
    {
        byte[] values = [0, 1, 2, 254, 255, 7], palette = hasPalette ? [.. Enumerable.Range(0, 768).Select(i => (byte)i)] : [];
        string path = Write("a.png", new IndexedImage(3, 2, values, palette).ToPng());
        IndexedImage read = IndexedImage.Read(path)!;
        Assert.Equal((3, 2), (read.Width, read.Height));
        Assert.Equal(values, read.Values);
        Assert.Equal(palette, read.Palette);
    }

    [Fact]
    public void MasksAreFoundByNameAndReduced()
    {
        Make("images/b/two.png", 4, 3);
        Mask("masks/b/two.png", 4, 3, 2);
        MaskFolder data = MaskFolder.Open(At("images"), At("masks"), new MaskFolderOptions { ReduceZeroLabel = true, Classes = 2 });
        (Image image, LabelMap labels) = data.Read(0);
        Assert.Equal((4, 3), (image.Width, image.Height));
        Assert.All(labels.Values, value => Assert.Equal(1, value));
    }

    [Fact]
    public void AnImageWithoutAMaskIsNamed()
    {
        Make("images/one.png", 2, 2);
        Directory.CreateDirectory(At("masks"));
        Assert.Contains("one.png", Assert.Throws<ImageException>(() => MaskFolder.Open(At("images"), At("masks"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMaskOfAnotherSizeIsNamed()
    {
        Make("images/one.png", 4, 3);
        Mask("masks/one.png", 3, 4, 0);
        MaskFolder data = MaskFolder.Open(At("images"), At("masks"));
        Assert.Contains("3×4", Assert.Throws<ImageException>(() => data.Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AClassThatIsNotThereIsNamedWithItsPlace()
    {
        Make("images/one.png", 2, 2);
        Mask("masks/one.png", 2, 2, 9);
        MaskFolder data = MaskFolder.Open(At("images"), At("masks"), new MaskFolderOptions { Classes = 3 });
        Assert.Contains("pixel (0, 0) is of class 9", Assert.Throws<ImageException>(() => data.Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MasksInColorsFollowThePalette()
    {
        Make("images/one.png", 2, 2);
        Write("masks/one.png", ImageEncoder.Png(new Image(2, 2, [1, 2, 3, 9, 9, 9, 1, 2, 3, 9, 9, 9])));
        MaskFolder data = MaskFolder.Open(At("images"), At("masks"), new MaskFolderOptions { Colors = ClassNames.Parse("9 9 9 sky\n1 2 3 tree house\n") });
        Assert.Equal([1, 0, 1, 0], data.Read(0).Labels.Values);
    }

    [Fact]
    public void AColorThatIsNoClassIsNamedWithItsPlace()
    {
        Make("images/one.png", 2, 2);
        Write("masks/one.png", ImageEncoder.Png(new Image(2, 2, [1, 2, 3, 1, 2, 3, 1, 2, 4, 1, 2, 3])));
        MaskFolder data = MaskFolder.Open(At("images"), At("masks"), new MaskFolderOptions { Colors = ClassNames.Parse("1 2 3 tree\n") });
        Assert.Contains("one.png: pixel (0, 1) has the colour 1 2 4", Assert.Throws<ImageException>(() => data.Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMaskInColorsWithoutAPaletteIsNamed()
    {
        Make("images/one.png", 2, 2);
        Write("masks/one.png", ImageEncoder.Png(new Image(2, 2, new byte[12])));
        Assert.Contains("one.png: a mask is a gray or palette PNG", Assert.Throws<ImageException>(() => MaskFolder.Open(At("images"), At("masks")).Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMaskThatIsCutShortIsNamed()
    {
        Make("images/one.png", 40, 40);
        string mask = Write("masks/one.png", new IndexedImage(40, 40, [.. Enumerable.Range(0, 1600).Select(i => (byte)(i * i))], []).ToPng());
        File.WriteAllBytes(mask, File.ReadAllBytes(mask)[..^200]);
        Assert.Contains("one.png", Assert.Throws<ImageException>(() => MaskFolder.Open(At("images"), At("masks")).Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASplitHasEveryImageOnceAndRepeats()
    {
        for (int i = 0; i < 10; i++)
        {
            Make($"images/{i}.png", 2, 2);
            Mask($"masks/{i}.png", 2, 2, 0);
        }

        MaskFolder all = MaskFolder.Open(At("images"), At("masks"));
        (MaskFolder first, MaskFolder second) = all.Split(0.7, 3);
        Assert.Equal((7, 3), (first.Count, second.Count));
        string[] names = [.. Enumerable.Range(0, 7).Select(first.NameOf), .. Enumerable.Range(0, 3).Select(second.NameOf)];
        Assert.Equal(10, names.Distinct().Count());
        Assert.Equal(first.NameOf(0), all.Split(0.7, 3).First.NameOf(0));
    }

    [Fact]
    public void TrainingExamplesHaveTheCropSizeAndIgnoredPadding()
    {
        var pipeline = new TrainingPipeline { Scale = (64, 16), CropHeight = 40, CropWidth = 40, MaxClassShare = 1 };
        using var image = new Image(20, 20);
        image.Pixels.Fill(200);
        var values = new float[40 * 40 * 3];
        LabelMap labels = pipeline.Apply(image, new LabelMap(20, 20, new byte[400]), new SampleRandom(1, 0, 0), values);
        Assert.Equal((40, 40), (labels.Width, labels.Height));
        for (int i = 0; i < labels.Values.Length; i++)
            Assert.True((labels.Values[i] == LabelMap.Ignored) == (values[3 * i] == 0 && values[(3 * i) + 1] == 0));
    }

    [Fact]
    public void CountsLeaveOutWhatIsIgnored()
    {
        var counts = new PixelCounts(3);
        counts.Add([0, 1, 2, 2, 9], [0, 2, 2, 255, 1]);
        Assert.Equal([1, 0, 1], counts.Intersection);
        Assert.Equal([1, 1, 1], counts.Predicted);
        Assert.Equal([1, 1, 2], counts.Labelled);
        var scores = new SegmentationScores(counts);
        Assert.Equal(0.5, scores.Accuracy);
        Assert.Equal(0, scores.IoU[1]);
    }

    [Fact]
    public void AClassThatIsNowhereIsLeftOutOfTheMean()
    {
        var counts = new PixelCounts(2);
        counts.Add([0, 0], [0, 0]);
        var scores = new SegmentationScores(counts);
        Assert.True(double.IsNaN(scores.IoU[1]));
        Assert.Equal(1, scores.MeanIoU);
    }

    [Fact]
    public void WindowsCoverTheImageAndStayInIt()
    {
        PixelRect[] windows = [.. new SlidingWindow(32, 32, 21, 21).Of(48, 64)];
        Assert.Equal(6, windows.Length);
        Assert.All(windows, window => Assert.Equal((32, 32), (window.Width, window.Height)));
        Assert.Equal(new PixelRect(32, 16, 32, 32), windows[^1]);
        Assert.Equal([new PixelRect(0, 0, 20, 10)], new SlidingWindow(32, 32, 21, 21).Of(10, 20));
    }

    private string At(string path) => Path.Combine(_folder.FullName, path);

    private void Make(string path, int width, int height)
    {
        using var image = new Image(width, height);
        image.Pixels.Fill(100);
        Write(path, ImageEncoder.Png(image));
    }

    private void Mask(string path, int width, int height, byte value)
    {
        var values = new byte[width * height];
        values.AsSpan().Fill(value);
        Write(path, new IndexedImage(width, height, values, []).ToPng());
    }

    private string Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), bytes);
        return At(path);
    }
}
