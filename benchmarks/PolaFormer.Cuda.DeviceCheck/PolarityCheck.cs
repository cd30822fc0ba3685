using PolaFormer.Tensors.Tests.Kernels.Attention;

namespace PolaFormer.Cuda.DeviceCheck;

/// <summary>The polarity kernels against double precision: ‖result − reference‖ / ‖reference‖ of every result.</summary>
internal static class PolarityCheck
{
    private static readonly (StorageType Type, int Batch, int Heads, int HeadDim, int Queries, int Keys)[] s_shapes =
    [
        (StorageType.Float, 2, 2, 16, 50, 33), (StorageType.Float, 1, 3, 24, 100, 100), (StorageType.Float, 2, 2, 32, 196, 49),
        (StorageType.Float, 2, 2, 64, 784, 784), (StorageType.Float, 1, 1, 64, 12544, 3136),
        (StorageType.BFloat16, 2, 2, 16, 50, 33), (StorageType.BFloat16, 3, 2, 32, 196, 196), (StorageType.BFloat16, 2, 3, 48, 300, 75),
        (StorageType.BFloat16, 2, 2, 64, 784, 784), (StorageType.BFloat16, 1, 1, 64, 12544, 3136), (StorageType.BFloat16, 2, 2, 128, 1000, 784),
    ];

    public static bool Run(GpuStream stream)
    {
        bool good = true;
        foreach (var (type, batch, heads, headDim, queries, keys) in s_shapes)
        {
            var random = new Random(queries + headDim);
            using var gpu = new GpuPolarity(stream, type, batch, heads, headDim, queries, keys);
            int channels = heads * headDim;
            long q = (long)batch * queries * channels, k = (long)batch * keys * channels;
            var reference = new PolarityReference(batch, heads, headDim, queries, keys)
            {
                Q = Give(gpu.Q, q, -1, 1, false),
                K = Give(gpu.K, k, -1, 1, false),
                V = Give(gpu.V, k, -1, 1, false),
                Position = Give(gpu.Position, keys * channels, -0.3, 0.3, false),
                InverseScale = Give(gpu.InverseScale, channels, 0.5, 1.5, true),
                Power = Give(gpu.Power, channels, 1.2, 4.5, true),
            };
            double[] dOut = Give(gpu.DOut, q, -1, 1, false);
            gpu.Forward();
            gpu.Backward();
            double[] expected = reference.Forward();
            reference.Backward(dOut);
            double tolerance = type == StorageType.Float ? 1e-5 : 1e-2;
            (string Name, double Error)[] errors =
            [
                ("out", Error(expected, gpu.Read(gpu.Out, q))), ("dq", Error(reference.DQ, gpu.Read(gpu.DQ, q))),
                ("dk", Error(reference.DK, gpu.Read(gpu.DK, k))), ("dv", Error(reference.DV, gpu.Read(gpu.DV, k))),
                ("ds", Error(reference.DInverseScale, gpu.Read(gpu.DInverseScale, channels, floats: true))),
                ("dp", Error(reference.DPower, gpu.Read(gpu.DPower, channels, floats: true))),
            ];
            bool fits = errors.All(error => error.Error <= tolerance);
            good &= fits;
            Console.WriteLine($"{(fits ? "ok " : "BAD")} {type} batch {batch} heads {heads} d {headDim} N {queries} n {keys}: {string.Join(", ", errors.Select(error => $"{error.Name} {error.Error:E1}"))}");

            // Fresh numbers between the given bounds, as the storage type has them.
            double[] Give(nint tensor, long count, double from, double to, bool floats)
            {
                float[] values = new float[count];
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)(from + ((to - from) * random.NextDouble()));
                    if (!floats && type == StorageType.BFloat16)
                        values[i] = BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(values[i]) & 0xFFFF0000);
                }

                gpu.Write(tensor, values, floats);
                return Array.ConvertAll(values, value => (double)value);
            }
        }

        return good;
    }

    private static double Error(double[] expected, double[] actual)
    {
        double difference = Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum());
        double error = difference / Math.Sqrt(expected.Sum(e => e * e));
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }
}
