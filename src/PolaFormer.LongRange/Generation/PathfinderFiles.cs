using System.Globalization;
using System.IO.Compression;
using System.Text;
using PolaFormer.Files;
using PolaFormer.Tensors.Threading;
using PolaFormer.Vision;

namespace PolaFormer.LongRange.Generation;

/// <summary>Images of Pathfinder in the released layout: <c>imgs/B/sample_I.png</c> and <c>metadata/B.npy</c> for batches of a thousand.</summary>
public static class PathfinderFiles
{
    private const int Batch = 1000;

    /// <summary>Images of the released set.</summary>
    public const int ReleasedSize = 200_000;

    /// <summary>Name of the released folder for a length of the lines.</summary>
    public static string FolderName(int contourLength) => contourLength == 6 ? "curv_baseline" : string.Create(CultureInfo.InvariantCulture, $"curv_contour_length_{contourLength}");

    /// <summary>Makes images and writes them.</summary>
    /// <param name="folder">Folder in which the set's own folder is made.</param>
    /// <param name="count">Images.</param>
    /// <param name="seed">What they follow from.</param>
    /// <param name="contourLength">Paddles of a long line: 14, 9 or 6.</param>
    /// <param name="progress">Told of how many images are written.</param>
    /// <param name="stop">Asks to stop; batches that were begun are finished.</param>
    /// <returns>Statistics of all images.</returns>
    /// <exception cref="FileException">The set's folder holds images already, or a file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static PathfinderStatistics Write(string folder, int count, ulong seed, int contourLength, Action<int>? progress = null, CancellationToken stop = default)
    {
        string root = Path.Combine(folder, FolderName(contourLength)), metadata = Path.Combine(root, "metadata");
        if (Directory.Exists(metadata) && Directory.EnumerateFileSystemEntries(metadata).Any())
            throw new FileException(root, "it holds images already. Choose another folder, or remove it.");
        Directory.CreateDirectory(metadata);
        int batches = (count + Batch - 1) / Batch, done = 0;
        var statistics = new PathfinderStatistics[batches];
        Parallel.For(0, batches, new ParallelOptions { MaxDegreeOfParallelism = Workers.ThreadCount, CancellationToken = stop }, batch =>
        {
            int first = batch * Batch, size = Math.Min(Batch, count - first);
            statistics[batch] = WriteBatch(root, batch, first, size, seed, contourLength);
            progress?.Invoke(Interlocked.Add(ref done, size));
        });
        return statistics.Aggregate(new PathfinderStatistics(), (all, batch) => all.With(batch));
    }

    private static PathfinderStatistics WriteBatch(string root, int batch, int first, int size, ulong seed, int contourLength)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"imgs/{batch}"), images = Path.Combine(root, name);
        var generator = new PathfinderGenerator(seed, contourLength);
        var statistics = new PathfinderStatistics();
        var lines = new StringBuilder();
        try
        {
            Directory.CreateDirectory(images);
            for (int i = 0; i < size; i++)
            {
                PathfinderImage image = generator.Make(first + i);
                statistics.Add(image);
                string file = string.Create(CultureInfo.InvariantCulture, $"sample_{i}.png");
                File.WriteAllBytes(Path.Combine(images, file), new IndexedImage(PathfinderCanvas.Side, PathfinderCanvas.Side, image.Pixels, []).ToPng(CompressionLevel.Fastest));
                lines.Append(CultureInfo.InvariantCulture, $"{name} {file} {i} {image.Label} 1.0 {contourLength} {contourLength / 3} 2 0.5 1 1\n");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileException(images, $"images cannot be written ({error.Message.ReplaceLineEndings(" ")}). Check the folder, its permissions and the space on the disk.", error);
        }

        // Last: a batch with metadata is complete.
        OutputFile.Write(Path.Combine(root, "metadata", string.Create(CultureInfo.InvariantCulture, $"{batch}.npy")), lines.ToString());
        return statistics;
    }
}
