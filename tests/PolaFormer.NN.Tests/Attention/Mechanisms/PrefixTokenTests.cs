using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.NN.Tests.Attention.Mechanisms;

/// <summary>Tokens before the grid, such as a class token: they attend, and parts that need a grid leave them out.</summary>
public class PrefixTokenTests
{
    private const int Prefix = 2, Height = 3, Width = 5, Dim = 8, Heads = 2, Tokens = Prefix + (Height * Width);

    public static TheoryData<string> Names => [.. RegisteredAttentions.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryMechanismTakesThem(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.MakeWithPrefix(name, Prefix, Height, Width, Dim, Heads);
        Tensor y = mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 2));
        Assert.Equal(new Shape(2, Tokens, Dim), y.Shape);
        Assert.All(y.ToArray(), value => Assert.True(float.IsFinite(value)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TheirCostIsCounted(string name)
    {
        var meta = new MetaDevice();
        using (meta.Use())
        {
            AttentionMechanism mechanism = MechanismSubject.MakeWithPrefix(name, Prefix, Height, Width, Dim, Heads);
            mechanism.Attend(MechanismSubject.Inputs(mechanism, batch: 1));
            Assert.Equal(meta.MultiplyAccumulates, mechanism.Cost(Tokens, Tokens).MultiplyAccumulates);
        }
    }

    [Theory]
    [InlineData("focused")]
    [InlineData("agent")]
    public void ConvolutionsNeitherReadNorChangeThem(string name)
    {
        AttentionMechanism mechanism = MechanismSubject.MakeWithPrefix(name, Prefix, Height, Width, Dim, Heads);
        AttentionInputs inputs = MechanismSubject.Inputs(mechanism, batch: 1);
        Tensor local = Local(inputs);
        Assert.All(local.Slice(1, 0, Prefix).ToArray(), value => Assert.Equal(0, value));
        Assert.Contains(local.ToArray(), value => value != 0);

        Tensor value = inputs.Value.Source, prefix = value.Slice(1, 0, Prefix) * -2, grid = value.Slice(1, Prefix, Tokens - Prefix);
        MechanismSubject.AssertClose(local.ToArray(), Local(inputs with { Value = Tensor.Concat(1, prefix, grid) }).ToArray(), 1e-5);

        Tensor Local(AttentionInputs inputs) => mechanism.Attend(inputs) - mechanism.Mix(inputs);
    }
}
