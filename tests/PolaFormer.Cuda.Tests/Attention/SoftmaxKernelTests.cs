using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Tests.Attention;

public class SoftmaxKernelTests
{
    [Theory]
    [InlineData(2, 2, 5, 70, 40, true, 1, 0, false, 0)]    // heads of odd width, several tiles and steps
    [InlineData(4, 1, 64, 20, 20, false, 20, 1, false, 0)]
    [InlineData(2, 1, 32, 65, 33, true, 0, 2, false, 0)]   // no mask
    [InlineData(2, 1, 64, 65, 40, true, 0, 2, true, 0)]
    [InlineData(2, 2, 32, 70, 45, true, 1, 0, false, 0.3)]   // weights dropped
    public void Results_and_gradients_are_the_processors(int batch, int heads, int headDim, int queries, int keys, bool biased, int maskRows, int order, bool isMixed, float drop)
    {
        CudaDevice gpu = FibreDevice.Create((uint)order);
        gpu.IsMixedPrecision = isMixed;
        (float[][] expected, float[][] actual) = (Run(Device.Cpu), Run(gpu));

        string[] names = ["y", "dq", "dkv", "dbias"];
        for (int i = 0; i < expected.Length; i++)
            Distance.AssertWithin(isMixed ? 8e-3 : 5e-6, [.. expected[i].Select(value => (double)value)], [.. actual[i].Select(value => (double)value)], names[i]);

        float[][] Run(Device device)
        {
            var random = new Random(queries);
            int width = heads * headDim;
            Tensor q = New([batch, queries, width + 3]), kv = New([batch, keys, 2 * width]), bias = New([heads, queries, keys]);
            Tensor? mask = maskRows == 0 ? null : New([2, maskRows, keys]) * 5;
            q.RequiresGrad = kv.RequiresGrad = bias.RequiresGrad = true;
            using var tape = Tape.Start();
            Tensor y = Tensor.SoftmaxAttention(
                new Columns(q, 2, width), new Columns(kv, 0, width), new Columns(kv, width, width), heads, 0.3f, biased ? bias : null, mask, drop > 0 ? (drop, new Philox(3, 1)) : null);
            tape.Backward(y, New(y.Shape));
            float[][] results = [y.ToArray(), q.Grad!.ToArray(), kv.Grad!.ToArray()];
            return biased ? [.. results, bias.Grad!.ToArray()] : results;

            Tensor New(Shape shape) => Tensor.From([.. Enumerable.Range(0, (int)shape.Count).Select(_ => (2 * random.NextSingle()) - 1)], shape, device);
        }
    }

    [Fact]
    public void A_row_that_is_masked_out_is_NaN_and_later_keys_count_after_blocks_that_are()
    {
        var device = FibreDevice.Create(order: 0);
        float[] mask = [.. Enumerable.Range(0, 80).Select(key => key < 60 ? float.NegativeInfinity : 0), .. Enumerable.Repeat(float.NegativeInfinity, 80)];
        Tensor q = Tensor.Zeros([1, 2, 1], device), k = Tensor.Zeros([1, 80, 1], device), v = Tensor.From([.. Enumerable.Range(0, 80).Select(key => (float)key)], [1, 80, 1], device);

        float[] y = Tensor.SoftmaxAttention(q, k, v, 1, 1, null, Tensor.From(mask, [1, 2, 80], device)).ToArray();

        Assert.Equal(69.5f, y[0], 1e-3f);
        Assert.True(float.IsNaN(y[1]));
    }
}
