namespace PolaFormer.Tensors.Memory;

/// <summary>No memory: the storage of tensors on devices that keep shapes alone.</summary>
internal sealed class ShapeOnlyStorage : Storage
{
    public ShapeOnlyStorage(Device device)
        : base(device)
    {
        HandToCollector();
        GC.SuppressFinalize(this);
    }

    public override bool IsAlive => false;

    protected override void Free(bool isWantedAgain)
    {
    }
}
