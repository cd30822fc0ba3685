using System.Globalization;
using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>Family I: semantic segmentation, by the kind that <c>meta.ops</c> names.</summary>
internal static class SegmentationCases
{
    /// <summary>Runs a case.</summary>
    public static void Run(FixtureCase fixture, Comparison comparison)
    {
        string kind = fixture.Meta.Texts("ops").FirstOrDefault() ?? "";
        switch (kind)
        {
            case "backbone":
                RunBackbone(fixture, comparison);
                break;
            default:
                throw new CapabilityMissingException($"segmentation cases of the kind '{kind}' are not part of this program");
        }
    }

    private static void RunBackbone(FixtureCase fixture, Comparison comparison)
    {
        FeatureExtractor backbone = BackboneConstruction.Create(new Arguments(fixture.Meta.GetProperty("construct")));
        ManyToMany.Run(fixture, comparison, backbone, inputs => Numbered(backbone.ForwardMaps(inputs["input"])));
    }

    private static (string Name, Tensor Value)[] Numbered(IEnumerable<Tensor> outputs) =>
        [.. outputs.Select((value, i) => (string.Create(CultureInfo.InvariantCulture, $"y{i}"), value))];
}
