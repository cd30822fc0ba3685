using PolaFormer.Cuda.Products;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Tests.Products;

public class CublasLtTests
{
    [Theory]
    [InlineData(0, 256)] // no operand
    [InlineData(4096, 256)]
    [InlineData(4096 + 64, 64)]
    [InlineData(4096 + 12, 4)]
    public void The_library_is_told_how_operands_are_aligned(int address, int bytes) => Assert.Equal(bytes, CublasLt.Alignment(address));

    [Theory]
    [InlineData(Activation.None, true, true)]
    [InlineData(Activation.Relu, false, true)]
    [InlineData(Activation.Relu, true, false)]
    [InlineData(Activation.Gelu, false, false)] // its GELU is an approximation
    [InlineData(Activation.Silu, false, false)]
    public void Epilogues_of_float32(Activation activation, bool addend, bool expected) =>
        Assert.Equal(expected, CublasLt.Supports(new ProductShape(StorageType.Float, 2, 3, 4, Activation: activation), addend));

    [Theory]
    [InlineData((int)StorageType.BFloat16, false, true)]
    [InlineData((int)StorageType.Float, false, false)]
    [InlineData((int)StorageType.BFloat16, true, false)]
    public void Sums_of_rows_come_with_products_of_bfloat16_alone(int type, bool addend, bool expected) =>
        Assert.Equal(expected, CublasLt.Supports(new ProductShape((StorageType)type, 2, 3, 4, GivesFloats: true, SumsRows: true), addend));

    [Fact]
    public void Empty_products_are_left_to_the_kernel() => Assert.False(CublasLt.Supports(new ProductShape(StorageType.Float, 2, 3, 0), hasAddend: false));
}
