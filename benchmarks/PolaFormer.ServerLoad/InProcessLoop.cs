using System.Diagnostics;
using PolaFormer.Pipelines;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Vision;

/// <summary>The library without a server: images decoded on all processors and classified in batches, in one loop.</summary>
internal sealed class InProcessLoop(ImageClassifier classifier, IReadOnlyList<byte[]> files)
{
    /// <summary>Images a second with a size of batches.</summary>
    public double Rate(int batch, TimeSpan duration)
    {
        Run(batch, 0);
        long count = 0, start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            Run(batch, (int)count);
            count += batch;
        }

        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Milliseconds of one image alone, from its file to its probabilities; the median.</summary>
    public double Latency(int runs)
    {
        double[] times = new double[runs];
        for (int i = 0; i < runs; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Run(1, i);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[runs / 2];
    }

    private float[] Run(int batch, int first)
    {
        using var scope = MemoryScope.Enter();
        int side = classifier.Transform.ImageSize, length = side * side * Image.Channels;
        float[] values = new float[batch * length];
        if (batch == 1)
            Prepare(0);
        else
            Parallel.For(0, batch, Prepare);
        return classifier.Model.Forward(Tensor.From(values, [batch, side, side, Image.Channels])).Softmax().ToArray();

        void Prepare(int i)
        {
            using Image image = ImageDecoder.Decode(files[(first + i) % files.Count], classifier.Decoding);
            classifier.Transform.Apply(image, values.AsSpan(i * length, length));
        }
    }
}
