using PolaFormer.Cuda.Products;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Products;

public class ProductKernelTests
{
    [Theory]
    [InlineData("Float", 70, 33, 40, 1, false, false)]
    [InlineData("Float", 5, 65, 17, 2, true, false)]
    [InlineData("Float", 64, 64, 64, 1, false, true)]
    [InlineData("Float", 9, 11, 900, 2, true, false)] // sums in parts
    [InlineData("BFloat16", 50, 80, 96, 1, true, true)]
    [InlineData("Mixed", 70, 33, 40, 1, false, true)]
    [InlineData("Mixed", 9, 11, 900, 2, true, false)]
    [InlineData("BFloat16ToFloat", 50, 33, 40, 1, true, false)]
    [InlineData("BFloat16ToFloat", 9, 11, 900, 2, true, false)]
    public void Products_with_bias_match_plain_sums(string storage, int m, int n, int k, int batch, bool transposeA, bool transposeB)
    {
        bool isMixed = storage == "Mixed";
        bool givesFloats = storage == "BFloat16ToFloat";
        StorageType type = isMixed ? StorageType.Float : givesFloats ? StorageType.BFloat16 : Enum.Parse<StorageType>(storage);
        var random = new Random(m + n);
        HostTensor a = HostTensor.Random(random, type, batch, transposeA ? k : m, transposeA ? m : k);
        HostTensor b = HostTensor.Random(random, type, batch, transposeB ? n : k, transposeB ? k : n);
        HostTensor y = new(givesFloats ? StorageType.Float : type, batch, m, n);
        var bias = HostFloats.Random(random, n, -1, 1);
        MatrixOnDevice left = MatrixOnDevice.Contiguous(a.Address, a.Tokens, a.Channels), right = MatrixOnDevice.Contiguous(b.Address, b.Tokens, b.Channels);
        var queue = new FibreQueue(order: 1);
        var shape = new ProductShape(type, m, n, k, batch, Scale: 0.5f, IsMixed: isMixed, GivesFloats: givesFloats);
        var workspace = new HostFloats(ProductKernel.Workspace(queue, shape));

        ProductKernel.Run(
            queue, shape, transposeA ? left.Transposed : left, transposeB ? right.Transposed : right, bias.Address, 0,
            MatrixOnDevice.Contiguous(y.Address, m, n), workspace.Address);

        List<double> expected = [];
        for (int i = 0; i < batch; i++)
        {
            for (int row = 0; row < m; row++)
            {
                for (int column = 0; column < n; column++)
                {
                    double sum = Enumerable.Range(0, k).Sum(x =>
                        (double)(transposeA ? a[i, x, row] : a[i, row, x]) * (transposeB ? b[i, column, x] : b[i, x, column]));
                    expected.Add((0.5 * sum) + bias.Span[column]);
                }
            }
        }

        Distance.AssertWithin((type == StorageType.Float && !isMixed) || givesFloats ? 2e-6 : 4e-3, [.. expected], y.ToDoubles(), "y");
        y.AssertSurroundingsUntouched();
    }

    [Fact]
    public void Results_are_activated_and_added()
    {
        HostFloats a = new([1, -2]), b = new([3]), y = new([10, 20]);

        ProductKernel.Run(
            new FibreQueue(order: 0), new ProductShape(StorageType.Float, 2, 1, 1, Activation: Activation.Relu),
            new MatrixOnDevice(a.Address, 1, 1), new MatrixOnDevice(b.Address, 1, 1), 0, y.Address, new MatrixOnDevice(y.Address, 1, 1), 0);

        Assert.Equal([13, 20], y.Span.ToArray());
    }
}
