from obverse.cli import main

main()
