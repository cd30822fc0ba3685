using PolaFormer.Tensors.Threading;
using PolaFormer.Vision;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.LongRange.Data;

/// <summary>CIFAR-10 in grey, from whatever form of it the image classifiers read, too: its binary version, or a folder or archive of JPEG files.</summary>
public static class GreyPhotographs
{
    private const int Side = 32;

    /// <summary>Reads a split.</summary>
    /// <param name="path">Folder or archive.</param>
    /// <param name="split"><c>train</c> or <c>test</c>.</param>
    /// <param name="badRows">Takes images that cannot be read.</param>
    /// <exception cref="ImageException">There are no such data, or not of ten classes.</exception>
    /// <exception cref="Files.FileException">An image cannot be read.</exception>
    public static List<SequenceExample> Read(string path, string split, BadRows badRows)
    {
        IImageDataset images = ImageDatasets.Open(path, split, ArenaTask.Image.Classes.Count);
        if (images.Classes.Count != ArenaTask.Image.Classes.Count)
            throw new ImageException($"{path}: {images.Classes.Count} classes; the task of images has {ArenaTask.Image.Classes.Count}");
        var examples = new SequenceExample?[images.Count];
        var problems = new (string Name, string Problem)?[images.Count];
        Parallel.For(0, images.Count, new ParallelOptions { MaxDegreeOfParallelism = Workers.ThreadCount }, i =>
        {
            try
            {
                ImageSample sample = images.Get(i);
                using Image image = sample.Decode();
                if ((image.Width, image.Height) == (Side, Side))
                    examples[i] = new SequenceExample(GreyLevels.Of(image), null, sample.Label);
                else
                    problems[i] = (sample.Name, $"it has {image.Width}×{image.Height} pixels; wanted are {Side}×{Side}.");
            }
            catch (ImageException error)
            {
                problems[i] = ($"{path}: image {i}", error.Message + ".");
            }
        });
        foreach ((string name, string problem) in problems.OfType<(string, string)>())
            badRows.Add(name, problem);
        return [.. examples.OfType<SequenceExample>()];
    }
}
