using System.IO.Compression;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;
using PolaFormer.Vision.Loading;

namespace PolaFormer.Training.Tests;

public sealed class TrainingDataTests : IDisposable
{
    private readonly SyntheticImages _images = new(trainPerClass: 4, evaluationPerClass: 1);
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        _images.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("no")]
    [InlineData("full")]
    public void ZipModeGivesTheBatchesOfTheFolder(string cacheMode)
    {
        Zip("train");
        Zip("val");
        TrainingData zipped = Open(_folder, "DATA.ZIP_MODE", "true", "DATA.CACHE_MODE", cacheMode), folder = Open(_images.Path);
        Assert.Equal(["0", "1", "2"], zipped.Classes);
        AssertSameBatch(folder.Train, zipped.Train);
        AssertSameBatch(folder.Evaluation, zipped.Evaluation);
    }

    [Fact]
    public void AClassThatOnlyOneSideHasIsNamed()
    {
        Directory.Move(Path.Combine(_images.Path, "val", "green"), Path.Combine(_images.Path, "val", "Green"));
        string message = Assert.Throws<ConfigurationException>(() => Open(_images.Path)).Message;
        Assert.Contains("green only in the training images, Green only in the evaluation images", message);
    }

    [Fact]
    public void ZipModeWithoutAMapIsAnError() =>
        Assert.Contains("train_map.txt", Assert.Throws<ImageException>(() => Open(_images.Path, "DATA.ZIP_MODE", "true")).Message);

    [Fact]
    public void ALabelBeyondNumClassesIsAnError()
    {
        Zip("train");
        Zip("val");
        Assert.Contains("label 2, but there are 2 classes", Assert.Throws<ImageException>(() => Open(_folder, "MODEL.NUM_CLASSES", "2")).Message);
    }

    [Fact]
    public void ABadImageSaysHowToSkipIt()
    {
        File.WriteAllText(Path.Combine(_images.Path, "train", "red", "001.bmp"), "nothing");
        string message = Assert.Throws<ImageException>(() => Open(_images.Path).Train.Epoch(0).Count()).Message;
        Assert.Contains("001.bmp", message);
        Assert.Contains("DATA.BAD_IMAGES", message);
    }

    [Fact]
    public void SkippedImagesAreReportedOnce()
    {
        File.WriteAllText(Path.Combine(_images.Path, "train", "red", "001.bmp"), "nothing");
        var messages = new List<string>();
        var data = TrainingData.Open(Config(_images.Path, "DATA.BAD_IMAGES", "skip"), messages.Add);
        for (int epoch = 0; epoch < 2; epoch++)
            Assert.Equal(11, data.Train.Epoch(epoch).Sum(batch => batch.Count));
        Assert.Single(messages);
        Assert.Equal(messages, data.Train.BadImages);
    }

    [Theory]
    [InlineData("DATA.BAD_IMAGES", "ignore")]
    [InlineData("DATA.CACHE_MODE", "all")]
    public void UnknownValuesAreErrors(string key, string value) =>
        Assert.StartsWith($"{key}: '{value}' is unknown", Assert.Throws<ConfigurationException>(() => Open(_images.Path, key, value)).Message);

    private static void AssertSameBatch(DataLoader expected, DataLoader actual)
    {
        Batch one = expected.Epoch(0).First(), other = actual.Epoch(0).First();
        Assert.Equal(one.Images, other.Images);
        Assert.Equal(one.Labels, other.Labels);
    }

    private static TrainingData Open(string path, params string[] options) => TrainingData.Open(Config(path, options));

    private static TrainingConfig Config(string path, params string[] options)
    {
        string[] own = ["DATA.DATA_PATH", path, "DATA.DATASET", "cifar10", "DATA.IMG_SIZE", "32", "DATA.BATCH_SIZE", "4", "DATA.NUM_WORKERS", "1", "MODEL.NUM_CLASSES", "3"];
        return ConfigurationReader.Read(null, [.. own, .. options]);
    }

    // The order of the map is that of the folder, so that the batches can be compared.
    private void Zip(string split)
    {
        string folder = Path.Combine(_images.Path, split);
        ZipFile.CreateFromDirectory(folder, Path.Combine(_folder, $"{split}.zip"), CompressionLevel.NoCompression, includeBaseDirectory: false);
        string[] classes = [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal)];
        File.WriteAllLines(Path.Combine(_folder, $"{split}_map.txt"), classes.SelectMany((path, label) =>
            Directory.GetFiles(path).Order(StringComparer.Ordinal).Select(file => $"{Path.GetRelativePath(folder, file)}\t{label}")));
    }
}
